// The type of an event, from the request to the record.
import { describe, expect, it } from "vitest";
import type { EventMessage } from "../../../src/model/message.ts";
import { FORM_SAMPLES, JSON_SAMPLES } from "../../event-type-samples.ts";
import { SIGNERS } from "../../unit/signing/signers.ts";
import type { Logger } from "../../../src/telemetry/index.ts";
import { ingest } from "../../../src/worker/ports/ingest.ts";
import { createRoute, createWorld, TestMessage, type World } from "../harness.ts";

const firstMessage = (world: World): EventMessage => world.queued[0]?.message as EventMessage;
/** A source that keeps what is not signed. */
function sourceOf(type: string): Record<string, unknown> {
  const secrets = type === "aws_sns" ? {} : { secrets: [SIGNERS[type]?.secret] };
  return type === "none" ? {} : { verification: { type, ...secrets, ...SIGNERS[type]?.options, on_failure: "accept" } };
}
const OWN = { event_type: { json: "kind" } };

async function typeOf(source: Record<string, unknown>, init: RequestInit): Promise<string | null | undefined> {
  const world = createWorld();
  const { slug } = await createRoute([{}], source);
  await world.post(slug, init);
  return firstMessage(world).event.event_type;
}

async function gzipped(text: string): Promise<ArrayBuffer> {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
}

describe("the type of a webhook", () => {
  const json = { "content-type": "application/json" };

  it("travels with it, found where its source says", async () => {
    expect(await typeOf(OWN, { body: '{"kind":"order.paid"}', headers: json })).toBe("order.paid");
    expect(await typeOf({ event_type: { header: "X-Kind" } }, { body: "x", headers: { "x-kind": "a b" } })).toBe("a b");
    expect(await typeOf({}, { body: '{"type":"order.paid"}', headers: json })).toBeNull();
  });

  it.each(JSON_SAMPLES)("of %s with %j and %j is %s", async (type, headers, body, expected) => {
    const sent = body === undefined ? "" : JSON.stringify(body);
    expect(await typeOf(sourceOf(type), { body: sent, headers: { ...json, ...headers } })).toBe(expected);
  });

  it.each(FORM_SAMPLES)("of %s with %j and the form %j is %s", async (type, headers, body, expected) => {
    const sent = new URLSearchParams(body as Record<string, string>);
    expect(await typeOf(sourceOf(type), { body: sent, headers })).toBe(expected);
    const multipart = new FormData();
    for (const [name, value] of sent) multipart.set(name, value);
    expect(await typeOf(sourceOf(type), { body: multipart, headers })).toBe(expected);
  });

  it.each([
    ["a byte order mark", '\uFEFF{"kind":"a"}', json],
    ["a form", "kind=a&x=1", { "content-type": "application/x-www-form-urlencoded" }],
    ["a large number", '{"kind":12345678901234567890}', json],
  ])("is read from a body with %s", async (_what, body, headers) => {
    const type = await typeOf(OWN, { body, headers });
    expect(type).toBe(body.includes("12345") ? "12345678901234567890" : "a");
  });

  it("is read from a compressed body", async () => {
    const headers = { ...json, "content-encoding": "gzip" };
    expect(await typeOf(OWN, { body: await gzipped('{"kind":"a"}'), headers })).toBe("a");
  });

  it.each([
    ["no JSON", '{"kind":', json],
    ["not UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), json],
    ["of an encoding that it does not have", '{"kind":"a"}', { ...json, "content-encoding": "gzip" }],
    ["larger than what is read", `{"kind":"a","x":"${"y".repeat(1024 * 1024)}"}`, json],
    ["nested too deep", `{"kind":"a","x":${"[".repeat(200_000)}`, json],
    ["empty", "", json],
  ])("is null where the body is %s, and the webhook is accepted", async (_what, body, headers) => {
    expect(await typeOf({ ...OWN, max_body_bytes: 8_000_000 }, { body, headers })).toBeNull();
  });

  it("is null where the body was too large to be kept in memory", async () => {
    const body = `{"kind":"a","x":"${"y".repeat(6 * 1024 * 1024)}"}`;
    expect(await typeOf({ ...OWN, max_body_bytes: 8_000_000 }, { body, headers: json })).toBeNull();
  });

  it("is never the credential that the source checks, even where that is forwarded", async () => {
    const verification = { type: "api_key", name: "x-key", secrets: ["key-of-the-test"] };
    const source = { verification, event_type: { header: "X-Key" } };
    for (const forward_credentials of [false, true]) {
      const init = { body: "{}", headers: { "x-key": "key-of-the-test" } };
      expect(await typeOf({ ...source, forward_credentials }, init)).toBeNull();
    }
  });

  it("comes through the outbox", async () => {
    const fail = () => Promise.reject(new Error("refused"));
    for (const ingest of [{ send: fail }, { send: fail, journalD1: fail }]) {
      const world = createWorld({ ingest });
      const { slug } = await createRoute([{}], OWN);
      const id = await world.post(slug, { body: '{"kind":"order.paid"}', headers: json });
      world.advance(61_000);
      await world.sweep();
      await world.sweep();
      await world.drain();
      const found = await world.runtime.record.reader.event(id);
      expect(found).toMatchObject({ ok: true, value: { event: { event_type: "order.paid" } } });
    }
  });
});

describe("the type at the destination", () => {
  it("is in a header of every attempt, which a sender cannot set", async () => {
    const world = createWorld();
    const retry = { schedule_seconds: [5] };
    const { slug } = await createRoute([{ retry, headers: { "x-kind": "<{{event.type}}>" } }], OWN);
    world.onRequest(() => ({ status: world.requests.length === 1 ? 500 : 200 }));
    const named = () =>
      world.requests.map(({ headers }) =>
        headers.filter(([name]) => /^(sluice-event-type|x-kind)$/i.test(name)).map(([, value]) => value),
      );
    await world.post(slug, { body: '{"kind":"order.paid"}', headers: { "sluice-event-type": "forged" } });
    await world.drain();
    const both = ["<order.paid>", "order.paid"];
    expect(named().map((values) => values.sort())).toEqual([both, both]);
    await world.post(slug, { body: "{}", headers: { "sluice-event-type": "forged" } });
    await world.drain();
    expect(named().at(-1)).toEqual(["<>"]);
  });
});

describe("the type in the log", () => {
  it("is in the lines of the webhook and of its attempts", async () => {
    const lines: Record<string, unknown>[] = [];
    const note: Logger["info"] = (message, fields) => void lines.push({ message, ...fields });
    const log: Logger = { debug: note, info: note, error: note };
    const world = createWorld({ consumer: { log } });
    const { slug } = await createRoute([{ retry: { schedule_seconds: [5] } }], OWN);
    world.onRequest(() => ({ status: world.requests.length === 1 ? 500 : 200 }));
    const request = new Request(`http://edge.test/in/${slug}`, { method: "POST", body: '{"kind":"order.paid"}' });
    const runtime = { ...world.runtime, log };
    await ingest(request, runtime, { waitUntil: () => undefined }, () => new Response());
    await world.drain();
    const typed = lines.filter(({ message }) => /^(accepted|attempt)/.test(String(message)));
    expect(typed.map(({ message, type }) => [message, type])).toEqual([
      ["accepted", "order.paid"],
      ["attempt failed", "order.paid"],
      ["attempt", "order.paid"],
    ]);
  });
});

describe("the type of an event on record", () => {
  it("is that of its message, in the event and in each delivery, delivered or waiting", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{}, { retry: { schedule_seconds: [5, 5] } }], OWN);
    let calls = 0;
    world.onRequest(() => ({ status: calls++ === 0 ? 500 : 200 }));
    const id = await world.post(slug, { body: '{"kind":"order.paid"}' });
    await world.turn();
    const types = async () => (await world.deliveries()).filter((one) => one.id.includes(id.slice(4)));
    expect((await types()).map(({ event_type }) => event_type)).toEqual(["order.paid", "order.paid"]);
    expect((await types()).some(({ status }) => status === "retrying")).toBe(true);
    await world.drain();
    expect((await types()).map(({ status, event_type }) => [status, event_type])).toEqual([
      ["delivered", "order.paid"],
      ["delivered", "order.paid"],
    ]);
    const found = await world.runtime.record.reader.event(id);
    expect(found).toMatchObject({ ok: true, value: { event: { event_type: "order.paid" } } });
  });

  it("is in segments too, and comes through what D1 does not take", async () => {
    const world = createWorld();
    const { writer, reader } = world.runtime.record;
    world.replace("write", () => writer.write);
    const { slug } = await createRoute([{}], OWN);
    const body = '{"kind":"order.paid"}';
    const known = await world.post(slug, { body });
    await world.drain();
    const mend = world.break("readContext", "write", "takeDue");
    const late = await world.post(slug, { body });
    await world.turn();
    mend();
    for (let minute = 0; minute < 2; minute++) {
      await world.sweep();
      await world.drain();
      world.advance(60_000);
    }
    for (const id of [known, late]) {
      const found = await reader.event(id);
      expect(found.ok && found.value?.segment).not.toBeNull();
      const delivery = { status: "delivered", event_type: "order.paid" };
      expect(found).toMatchObject({ ok: true, value: { event: { event_type: "order.paid" }, deliveries: [delivery] } });
    }
  });

  it("is null for a message of an earlier release, which has none", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{}], OWN);
    const id = await world.post(slug, { body: '{"kind":"order.paid"}' });
    const { event_type: _type, ...event } = firstMessage(world).event;
    const message = new TestMessage({ ...firstMessage(world), event });
    world.queued.length = 0;
    await world.consume("events", [message]);
    expect(message.settled).toBe("ack");
    expect(await world.runtime.record.reader.event(id)).toMatchObject({
      ok: true,
      value: { event: { event_type: null } },
    });
    expect(world.requests).toHaveLength(1);
  });
});
