import { describe, expect, it } from "vitest";
import { bodyPlaces, channelOver } from "../../../src/brokers/channel.ts";
import type { Confirmed, Link, Message } from "../../../src/brokers/types.ts";
import { utf8, type Bytes } from "../../../src/kernel/bytes.ts";
import { err, ok } from "../../../src/kernel/result.ts";
import { broker, password, ports, request } from "./messages.ts";

const destination = broker({ type: "redis_stream", url: "rediss://r.example.com", stream: "s" });
const never = new Promise<never>(() => undefined);
const idle: Pick<Link, "close"> = { close: async () => undefined };

/** A channel over a broker that answers so, and what happened to its connections. */
function channel(
  publish: Link["publish"],
  link: Partial<Link> = {},
  connects: (number: number) => unknown = () => null,
  readBody: () => Promise<Bytes | null> = async () => null,
) {
  const seen = { opened: 0, closed: 0, destroyed: 0 };
  const open = channelOver(
    async (_first, signal) => {
      seen.opened += 1;
      signal.addEventListener("abort", () => void (seen.destroyed += 1));
      const outcome = await connects(seen.opened);
      if (outcome !== null) return err(outcome as { code: "connect_refused"; detail: string });
      const close = async () => void (seen.closed += 1);
      return ok({ publish, close, ...link });
    },
    bodyPlaces(),
    ports({ readBody }),
  );
  return { ...open, seen };
}
const confirm = async (message: Message): Promise<Confirmed> => ok(`id of ${message.deliveryId}`);

describe("a channel", () => {
  it("opens one connection for all messages, and settles each with its own confirmation", async () => {
    const { send, close, seen } = channel(async (message) =>
      message.deliveryId === "dlv_2" ? err({ code: "unroutable", detail: "312 NO_ROUTE" }) : confirm(message),
    );
    const answers = await Promise.all(["dlv_1", "dlv_2", "dlv_3"].map((id) => send(request(destination, id))));
    expect(answers.map(({ error, excerpt, detail }) => [error, excerpt ?? detail])).toEqual([
      [null, "id of dlv_1"],
      ["unroutable", "312 NO_ROUTE"],
      [null, "id of dlv_3"],
    ]);
    expect(answers.map(({ status }) => status)).toEqual([null, null, null]);
    await close();
    expect(seen).toEqual({ opened: 1, closed: 1, destroyed: 1 });
  });

  it("destroys the socket of a broker that stalls, and leaves nothing undecided", async () => {
    const { send, seen } = channel(() => never);
    const started = Date.now();
    const answers = await Promise.all([
      send(request(destination)),
      send({ ...request(destination), timeoutMs: 60_000 }),
    ]);
    expect(answers.map(({ error }) => error)).toEqual(["timeout", "timeout"]);
    expect(Date.now() - started).toBeLessThan(30_000);
    expect(seen.destroyed).toBe(1);
  });

  it("ends in time when the connection itself stalls", async () => {
    const { send, seen } = channel(confirm, {}, () => never);
    expect((await send(request(destination))).error).toBe("timeout");
    expect(seen).toEqual({ opened: 1, closed: 0, destroyed: 1 });
  });

  it("publishes nothing on a connection that opens too late", async () => {
    let published = 0;
    const late = () => new Promise((done) => setTimeout(() => done(null), 300));
    const { send } = channel(async (message) => ((published += 1), confirm(message)), {}, late);
    expect((await send(request(destination))).error).toBe("timeout");
    await late();
    expect(published).toBe(0);
  });

  it("does not wait for a broker that stalls while it is closed", async () => {
    const { send, close, seen } = channel(confirm, { close: () => never });
    await send(request(destination));
    await close();
    expect(seen.destroyed).toBe(1);
  });

  it("tells all that wait why no connection was opened, pauses the destination, and tries again for later ones", async () => {
    const { send, seen } = channel(confirm, idle, (number) =>
      number === 1 ? { code: "connect_refused", detail: "refused" } : null,
    );
    const answers = await Promise.all([send(request(destination)), send(request(destination, "dlv_2"))]);
    expect(answers.map(({ error, pauseMs }) => [error, pauseMs])).toEqual([
      ["connect_refused", 5_000],
      ["connect_refused", 5_000],
    ]);
    expect((await send(request(destination, "dlv_3"))).error).toBeNull();
    expect(seen.opened).toBe(2);
  });

  it("connects again for a message that comes after the connection has ended", async () => {
    const { send, seen } = channel(confirm, { hasEnded: () => seen.opened === 1 });
    for (const id of ["dlv_1", "dlv_2", "dlv_3"]) expect((await send(request(destination, id))).error).toBeNull();
    expect(seen).toMatchObject({ opened: 2, destroyed: 1 });
  });

  it("tells whom a broker did not confirm in time what has held it up", async () => {
    const { send } = channel(() => never, { heldUpBy: () => ({ code: "throttled", detail: "out of memory" }) });
    expect(await send(request(destination))).toMatchObject({ error: "throttled", pauseMs: 5_000 });
  });

  it("turns an error that a library throws into an answer", async () => {
    const { send } = channel(() => Promise.reject(new Error("thrown by a library")));
    expect(await send(request(destination))).toMatchObject({ error: "broker_error", detail: "thrown by a library" });
  });

  it("sends nothing for a body that is gone from R2", async () => {
    const { send, seen } = channel(confirm);
    const gone = { ...request(destination), body: { kind: "r2", key: "k" } as const };
    expect(await send(gone)).toMatchObject({ error: "body_missing" });
    expect(seen.opened).toBe(0);
  });

  describe("for large bodies, of which few are in memory at a time", () => {
    const large = async () => utf8("large");
    const requests = Array.from({ length: 20 }, (_, index) => ({
      ...request(destination, `dlv_${index}`),
      body: { kind: "r2", key: "k" } as const,
      timeoutMs: 1_000,
    }));

    it("counts no wait for memory as the broker's", async () => {
      const slow = (message: Message) => new Promise((done) => setTimeout(done, 300)).then(() => confirm(message));
      const { send, seen } = channel(slow, {}, undefined, large);
      const answers = await Promise.all(requests.map((one) => send(one)));
      expect(answers.map(({ error }) => error)).toEqual(requests.map(() => null));
      for (const { durationMs } of answers) expect(durationMs).toBeLessThan(900);
      expect(seen.opened).toBe(1);
    });

    it("waits only once for a broker that stalls", async () => {
      const { send, seen } = channel(() => never, {}, undefined, large);
      const started = Date.now();
      const answers = await Promise.all(requests.map((one) => send(one)));
      expect(answers.map(({ error }) => error)).toEqual(requests.map(() => "timeout"));
      expect(Date.now() - started).toBeLessThan(3_000);
      expect(seen.opened).toBe(1);
    });
  });

  it("connects ahead of the first message, which then finds the connection open", async () => {
    const { send, open, close, seen } = channel(confirm);
    await open(request(destination));
    expect(seen.opened).toBe(1);
    expect((await send(request(destination))).error).toBeNull();
    await close();
    await open(request(destination));
    expect(seen).toEqual({ opened: 1, closed: 1, destroyed: 1 });
  });

  it("does not wait for a connection that stalls while it is closed", async () => {
    const { open, close, seen } = channel(confirm, {}, () => never);
    const opening = open({ ...request(destination), timeoutMs: 60_000 });
    await close();
    await opening;
    expect(seen.destroyed).toBe(1);
  });

  it("does nothing when it is closed without a message", async () => {
    const { close, seen } = channel(confirm);
    await close();
    expect(seen.opened).toBe(0);
  });
});

it("a broker's password is required where its protocol has one", () => {
  expect(() => broker({ type: "rabbitmq", url: "amqps://r.example.com", exchange: "", routing_key: "q" })).toThrow();
  const auth = { type: "basic", username: "u", password };
  expect(broker({ type: "rabbitmq", url: "amqps://r.example.com", exchange: "", routing_key: "q", auth }).auth).toEqual(
    auth,
  );
});
