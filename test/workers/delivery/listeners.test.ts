import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { LISTENER_ABANDONED_MS, LISTENER_SESSION_MS, MAX_LISTENERS } from "../../../src/config/listener-limits.ts";
import { SECOND_MS } from "../../../src/kernel/durations.ts";
import { connectListener, countListeners, listenerSender } from "../../../src/listen/index.ts";
import type { ListenedRequest } from "../../../src/listen/protocol.ts";
import { createClient } from "../api/harness.ts";
import { createRoute, createWorld } from "../harness.ts";

const OK = {
  status: 201,
  headers: [
    ["x-a", "1"],
    ["set-cookie", "s=1"],
  ],
  body_base64: btoa("done"),
};

/** Sluice with a destination that is a listener, and a connection to it. */
async function listening(given: object = {}) {
  let passed = 0;
  const noOther = () => Promise.reject(new Error("no other destination"));
  const world = createWorld({
    consumer: { send: listenerSender(env.LISTENERS, noOther, () => Date.now() + passed) },
  });
  const { slug, destinationIds, connectionIds } = await createRoute([{ type: "listener", ...given }]);
  const [id = ""] = destinationIds;
  const stub = env.LISTENERS.getByName(id);
  return {
    world,
    id,
    slug,
    connectionId: connectionIds[0] ?? "",
    /** Posts an event and makes its first attempt. @returns its delivery */
    deliver: async (init: RequestInit = { body: "{}" }) => {
      const event = await world.post(`${slug}/part?q=1`, init);
      // An invocation believes for less than that that a listener is away.
      passed += SECOND_MS;
      await world.turn();
      return (await world.deliveries()).find((one) => String(one["id"]).startsWith(`dlv_${event.slice(4)}`));
    },
    post: (init: RequestInit = { body: "{}" }) => world.post(`${slug}/part?q=1`, init),
    /** The deliveries of this destination. */
    deliveries: async () => (await world.deliveries()).filter((one) => one["destination_id"] === id),
    storage: <T>(work: (state: DurableObjectState) => Promise<T>) =>
      runInDurableObject(stub, (_object, state) => work(state)),
    /** @param react to each request; null leaves it without an answer */
    connect: async (react: (request: ListenedRequest) => object | null = () => OK) => {
      const { webSocket: socket } = await connectListener(env.LISTENERS, id);
      passed += SECOND_MS;
      if (socket === null) throw new Error("no socket");
      const heard: ListenedRequest[] = [];
      const pieces: Uint8Array[] = [];
      const closed: number[] = [];
      const say = (message: object): void => socket.send(JSON.stringify({ type: "response", ...message }));
      socket.addEventListener("message", ({ data }) => {
        if (typeof data !== "string") return void pieces.push(new Uint8Array(data as ArrayBuffer));
        const request = JSON.parse(data) as ListenedRequest;
        heard.push(request);
        const answer = react(request);
        if (answer === null) return;
        say({ type: "received", id: request.id });
        say({ id: request.id, ...answer });
      });
      socket.addEventListener("close", ({ code }) => void closed.push(code));
      socket.binaryType = "arraybuffer";
      socket.accept();
      return { socket, heard, pieces, closed, say };
    },
  };
}

describe("a listener", () => {
  it("gets the request as a server would, and its answer is the delivery's", async () => {
    const { deliver, connect, id } = await listening({ headers: { "x-own": "{{event.id}}" } });
    const { heard } = await connect();
    const delivery = await deliver({ body: '{"a":1}', headers: { "content-type": "application/json" } });
    const event = `evt_${String(delivery?.["id"]).slice(4, 36)}`;
    expect(heard).toMatchObject([{ method: "POST", target: "/part?q=1", body_base64: btoa('{"a":1}'), body_bytes: 7 }]);
    expect(heard[0]?.headers).toEqual(
      expect.arrayContaining([
        ["x-own", event],
        ["sluice-event-id", event],
        ["sluice-attempt", "1"],
      ]),
    );
    expect(delivery).toMatchObject({ destination_id: id, status: "delivered", attempts_made: 1 });
    const [attempt] = JSON.parse(String(delivery?.["attempts"])) as object[];
    expect(attempt).toMatchObject({ response_status: 201, response_headers: { "x-a": "1" }, response_body: "done" });
    expect(JSON.stringify(attempt)).not.toContain("set-cookie");
  });

  it("that answers an error or cannot reach its server has used an attempt", async () => {
    const { deliver, connect } = await listening();
    let answer: object = { ...OK, status: 500 };
    await connect(() => answer);
    expect(await deliver()).toMatchObject({ status: "retrying", attempts_made: 1, last_error: "http_status" });
    answer = { type: "failure", error: "connect_refused", detail: "nothing listens" };
    expect(await deliver()).toMatchObject({ status: "retrying", attempts_made: 1, last_error: "connect_refused" });
  });

  it("shares the work with others of the same destination", async () => {
    const { post, world, connect, deliveries } = await listening();
    // Neither answers before the other one has got its request.
    const both = [await connect(() => null), await connect(() => null)];
    await post();
    await post();
    const turn = world.turn();
    await expect.poll(() => both.map(({ heard }) => heard.length)).toEqual([1, 1]);
    for (const { heard, say } of both) say({ id: heard[0]?.id, ...OK });
    await turn;
    expect((await deliveries()).map(({ status }) => status)).toEqual(["delivered", "delivered"]);
  });

  it("gets a large body in pieces, and the object sends one such body at a time", async () => {
    const { deliver, connect } = await listening();
    const body = new Uint8Array(600_000).map((_, index) => index % 251);
    const { heard, pieces, say } = await connect(() => null);
    const delivering = deliver({ body });
    await expect.poll(() => pieces.reduce((sum, piece) => sum + piece.byteLength - 4, 0)).toBe(body.byteLength);
    const id = heard[0]?.id ?? 0;
    say({ type: "received", id });
    say({ id, ...OK });
    expect(await delivering).toMatchObject({ status: "delivered" });
    expect(heard[0]).toMatchObject({ body_base64: null, body_bytes: body.byteLength });
    expect(pieces.every((piece) => new DataView(piece.buffer, piece.byteOffset).getUint32(0) === id)).toBe(true);
    expect(Buffer.concat(pieces.map((piece) => piece.subarray(4))).equals(body)).toBe(true);
  });
});

describe("without a listener", () => {
  it("a delivery is held and uses no attempt; it is released when a listener connects, and not before", async () => {
    const { deliver, deliveries, world, connect, id } = await listening();
    const held = { status: "held", attempts_made: 0, next_attempt_at: null };
    expect(await deliver()).toMatchObject(held);
    await world.sweep();
    expect([await deliveries(), world.queued]).toMatchObject([[held], []]);
    expect(await countListeners(env.LISTENERS, id)).toBe(0);
    const { heard } = await connect();
    expect(await countListeners(env.LISTENERS, id)).toBe(1);
    await world.sweep();
    await world.turn();
    expect(await deliveries()).toMatchObject([{ status: "delivered", attempts_made: 1 }]);
    expect(heard).toHaveLength(1);
  });

  it("is at an end when the API connects one, which releases at once what was held", async () => {
    const { id } = await listening();
    const released: object[] = [];
    const { app } = createClient({
      listen: (destination) => connectListener(env.LISTENERS, destination),
      countListeners: (destination) => countListeners(env.LISTENERS, destination),
      release: async (of) => void released.push(of),
    });
    const ask = (path: string, headers = {}) =>
      app.request(`http://sluice.test/api/v1/destinations/${id}/${path}`, {
        headers: { authorization: "Bearer test-admin-token-of-the-tests", ...headers },
      });
    expect(await (await ask("health")).json()).toMatchObject({ listeners: 0 });
    expect((await ask("listen")).status).toBe(426);
    expect(released).toEqual([]);
    const { status, webSocket } = await ask("listen", { upgrade: "websocket" });
    expect([status, webSocket === null]).toEqual([101, false]);
    expect(released).toEqual([{ destination_id: id }]);
    expect(await (await ask("health")).json()).toMatchObject({ listeners: 1 });
  });

  it("that has just disconnected, or did so before it answered, the delivery comes again soon", async () => {
    const { deliver, deliveries, world, connect } = await listening();
    const { socket } = await connect(() => (socket.close(1000), null));
    const soon = { status: "deferred", deferred_by: "listener_gone", attempts_made: 0 };
    expect(await deliver()).toMatchObject(soon);
    expect(await deliver()).toMatchObject(soon);
    const { heard } = await connect();
    await world.drain();
    expect(heard).toHaveLength(2);
    const delivered = { status: "delivered", attempts_made: 1 };
    expect(await deliveries()).toMatchObject([delivered, delivered]);
  });

  it("of which nobody has heard for an hour, its connection takes no more events", async () => {
    const { deliver, storage, connectionId } = await listening();
    const enabled = () =>
      env.DB.prepare("SELECT spec ->> '$.enabled' AS enabled FROM connections WHERE id = ?1")
        .bind(connectionId)
        .first("enabled");
    await storage((state) => state.storage.put("absent_since", Date.now() - LISTENER_ABANDONED_MS + 60_000));
    expect(await deliver()).toMatchObject({ status: "held" });
    expect(await enabled()).toBe(1);
    await storage((state) => state.storage.put("absent_since", Date.now() - LISTENER_ABANDONED_MS - 60_000));
    expect(await deliver()).toMatchObject({ status: "held" });
    expect(await enabled()).toBe(0);
  });
});

describe("the object with the sockets", () => {
  it("keeps them while it is evicted", async () => {
    const { deliver, connect, id } = await listening();
    const { heard } = await connect();
    await evictDurableObject(env.LISTENERS.getByName(id));
    expect(await deliver()).toMatchObject({ status: "delivered" });
    expect(heard).toHaveLength(1);
  });

  it("closes a socket that says what no listener says, and one that must show its token again", async () => {
    const { connect, deliver, storage } = await listening();
    const odd = await connect();
    odd.socket.send("{");
    await expect.poll(() => odd.closed).toEqual([1003]);
    const old = await connect();
    await storage(async (state) => {
      for (const socket of state.getWebSockets())
        socket.serializeAttachment({ since: Date.now() - LISTENER_SESSION_MS });
    });
    expect(await deliver()).toMatchObject({ status: "deferred", deferred_by: "listener_gone" });
    await expect.poll(() => old.closed).toEqual([4001]);
    expect(old.heard).toEqual([]);
  });

  it("has a limited number of them", async () => {
    const { connect, id } = await listening();
    for (let count = 0; count < MAX_LISTENERS; count++) await connect();
    expect((await connectListener(env.LISTENERS, id)).status).toBe(409);
  });
});
