// Destinations that take many events at once. On real D1, the gates' own core and the test's clock.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { reschedule, rescheduleMessage } from "../../../src/delivery/index.ts";
import { Webhook } from "standardwebhooks";
import type { DestinationId } from "../../../src/model/ids.ts";
import { createRoute, createWorld, type World } from "../harness.ts";
import { countRowsWritten } from "../counting.ts";
import { changeDestination } from "./configuring.ts";
import type { OutboundRequest } from "../../../src/outbound/types.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const SECRET = `whsec_${btoa("a secret of twenty-four b")}`;

interface Item {
  readonly id: string;
  readonly received_at: string;
  readonly source: string | null;
  readonly headers: Record<string, string | string[]>;
  readonly body?: string;
  readonly body_base64?: string;
}
const textOf = ({ body }: OutboundRequest): string =>
  body?.kind === "inline" ? new TextDecoder().decode(body.bytes) : "";
const itemsOf = (request: OutboundRequest): Item[] => JSON.parse(textOf(request)) as Item[];
const header = (request: OutboundRequest, name: string): string | null =>
  request.headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? null;
const only = async (world: World, sourceId: string) =>
  (await world.deliveries()).filter((row) => row.source_id === sourceId);
const statuses = async (world: World, sourceId: string): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const row of await only(world, sourceId)) counts[row.status] = (counts[row.status] ?? 0) + 1;
  return counts;
};
/** Delivers what is due, without letting time pass. */
async function turns(world: World): Promise<void> {
  while ((await world.turn()).length > 0);
}
const setPaused = (id: string, paused: number) =>
  env.DB.batch([
    env.DB.prepare("UPDATE destinations SET paused = ? WHERE id = ?").bind(paused, id),
    env.DB.prepare("UPDATE sources SET version = version + 1"),
  ]);

describe("a batch", () => {
  it("fills across queue batches until its first event has waited for max_wait_seconds", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ batch: { max_events: 100, max_wait_seconds: 10 } }]);
    const from = world.now();
    for (let batch = 0; batch < 5; batch++) {
      await world.postMany(slug, 3);
      await turns(world);
      world.advance(1_500);
    }
    expect(world.requests).toHaveLength(0);
    expect(await statuses(world, sourceId)).toEqual({ deferred: 15 });
    expect((await only(world, sourceId)).every((row) => row.deferred_by === "batch")).toBe(true);
    await world.drain();
    expect(world.requests).toHaveLength(1);
    const [request] = world.requests;
    expect(request === undefined ? [] : itemsOf(request)).toHaveLength(15);
    // Ten seconds after the first: the clock of the test moves by the sends, the queue's by whole seconds.
    expect((request?.at ?? 0) - from).toBeGreaterThanOrEqual(10_000);
    expect((request?.at ?? 0) - from).toBeLessThanOrEqual(11_100);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 15 });
  });

  it("is sent at once when it has max_events, each event once", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ batch: { max_events: 7, max_wait_seconds: 60 } }]);
    const ids = await world.postMany(slug, 24);
    await turns(world);
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([7, 7, 7]);
    await world.drain();
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([7, 7, 7, 3]);
    expect(world.requests.flatMap((request) => itemsOf(request).map(({ id }) => id)).sort()).toEqual([...ids].sort());
    expect(await statuses(world, sourceId)).toEqual({ delivered: 24 });
  });

  it("never exceeds max_bytes", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ batch: { max_bytes: 10_000, max_wait_seconds: 60 } }]);
    // Quotes double in a JSON string: estimates of its size are wrong here.
    await world.postMany(slug, 5, { body: '"'.repeat(1_900) });
    await world.postMany(slug, 20, { body: "y".repeat(1_000) });
    await world.drain();
    for (const request of world.requests) expect(request.bodyBytes).toBeLessThanOrEqual(10_000);
    expect(world.requests.length).toBeLessThanOrEqual(9);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 25 });
    expect(world.requests.reduce((sum, request) => sum + itemsOf(request).length, 0)).toBe(25);
  });

  it("holds an event larger than max_bytes alone, from R2 too", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ batch: { max_bytes: 4_096, max_wait_seconds: 2 } }]);
    const large = "z".repeat(200_000);
    await world.postMany(slug, 2);
    await world.postMany(slug, 1, { body: large });
    await world.postMany(slug, 2);
    await world.drain();
    const bodies = world.requests.map((request) => itemsOf(request).map(({ body }) => body));
    expect(bodies).toContainEqual([large]);
    expect(bodies.flat().map(String).sort()).toEqual(["12345", "12345", "12345", "12345", large]);
    expect(bodies.length).toBeLessThanOrEqual(3);
  });

  it("puts 1,000 events into one request and records one answer for all of them", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ batch: { max_events: 1_000, max_wait_seconds: 600 } }]);
    world.onRequest(() => ({ status: 200, body: "thanks".repeat(800), headers: { "x-long": "h".repeat(400) } }));
    await world.postMany(slug, 1_000);
    await turns(world);
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([1_000]);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 1_000 });
    const rows = await only(world, sourceId);
    expect(rows.every((row) => row.attempts.includes("thanks") && row.attempts_made === 1)).toBe(true);
  });

  it("is sent without waiting if max_wait_seconds is 0", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ batch: { max_wait_seconds: 0 } }]);
    await world.postMany(slug, 9);
    await world.turn();
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([9]);
  });

  it("includes an event that a connection delayed, once its time has come", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([
      { connection: { delay_seconds: 30 }, batch: { max_wait_seconds: 5 } },
    ]);
    for (let i = 0; i < 4; i++) {
      await world.postMany(slug, 1);
      world.advance(1_000);
    }
    await world.drain();
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([4]);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 4 });
  });
});

describe("the request", () => {
  it("is a JSON array of items whose bodies keep their bytes [G6]", async () => {
    const world = createWorld();
    const { slug } = await createRoute([
      { batch: { max_wait_seconds: 1 }, headers: { "x-team": "{{source.slug}}" }, url: "https://many.test/bulk?k=1" },
    ]);
    const exact = '{"id": 12345678901234567890,\n "amount": 1.0, "e": 1e400, "dup": 1, "dup": 2}\n';
    const bytes = new Uint8Array([0, 255, 254, 1]);
    const type = { "content-type": "application/json" };
    await world.accept(`/in/${slug}/sub?q=1`, {
      body: exact,
      headers: { ...type, "x-a": "1", authorization: "theirs" },
    });
    await world.accept(`/in/${slug}`, { body: bytes });
    await world.accept(`/in/${slug}`, { body: "\ufeffBOM \u2028 ü" });
    await world.accept(`/in/${slug}`);
    await world.drain();
    const [request] = world.requests;
    if (request === undefined) throw new Error("nothing was sent");
    const items = itemsOf(request);
    const json = items.find((item) => item.body === exact);
    const binary = items.find((item) => "body_base64" in item);
    const text = items.find((item) => item.body?.includes("BOM") === true);
    const empty = items.find((item) => item.body === "");
    expect(json?.body).toBe(exact);
    expect(json?.headers).toMatchObject({ ...type, "x-a": "1", authorization: "theirs" });
    expect(binary?.body_base64).toBe(btoa(String.fromCharCode(...bytes)));
    expect(binary).not.toHaveProperty("body");
    expect(text?.body).toBe("\ufeffBOM \u2028 ü");
    expect(empty?.body).toBe("");
    expect(Object.keys(json ?? {})).toEqual(["id", "received_at", "source", "headers", "body"]);
    expect(json?.source).toBe(slug);
    expect(json?.received_at).toMatch(/^2026-11-24T00:00:0\d\.\d{3}Z$/);
    expect(request).toMatchObject({ method: "POST", url: "https://many.test/bulk?k=1" });
    expect(request.bodyBytes).toBe(request.body?.kind === "inline" ? request.body.bytes.byteLength : null);
    expect(header(request, "content-type")).toBe("application/json");
    expect(header(request, "sluice-batch-size")).toBe("4");
    expect(header(request, "sluice-source")).toBe(slug);
    expect(header(request, "sluice-attempt")).toBe("1");
    expect(header(request, "sluice-delivery-id")).toBeNull();
    expect(header(request, "x-team")).toBe(slug);
    expect(header(request, "authorization")).toBeNull();
    expect(header(request, "webhook-id")).toMatch(/^bat_[0-9a-z]{32}$/);
    expect(header(request, "idempotency-key")).toBe(header(request, "webhook-id"));
  });

  it("names the type of its events if they all have the same", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ batch: { max_wait_seconds: 1 } }], { event_type: { json: "kind" } });
    for (const kinds of [
      ["paid", "paid"],
      ["paid", "open"],
      ["paid", null],
    ]) {
      for (const kind of kinds) await world.post(slug, { body: JSON.stringify({ kind }) });
      await world.drain();
    }
    expect(world.requests.map((request) => header(request, "sluice-event-type"))).toEqual(["paid", null, null]);
  });

  it("is one line per event in ndjson, and is signed as a whole with its own id", async () => {
    const world = createWorld();
    const { slug } = await createRoute([
      {
        batch: { max_wait_seconds: 1, format: "ndjson" },
        signing: { type: "standard_webhooks", secrets: [SECRET] },
        auth: { type: "bearer", token: "ours-1234" },
        retry: { schedule_seconds: [1] },
      },
    ]);
    world.onRequest(() => ({ status: world.requests.length === 1 ? 500 : 200 }));
    await world.accept(`/in/${slug}`, { body: "a\nb", headers: { authorization: "theirs" } });
    await world.accept(`/in/${slug}`, { body: "c" });
    await world.drain();
    const [first, again] = world.requests;
    if (first === undefined || again === undefined) throw new Error("two requests were expected");
    expect(textOf(first).endsWith("\n")).toBe(true);
    const lines = textOf(first)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Item);
    expect(lines.map(({ body }) => String(body)).sort()).toEqual(["a\nb", "c"]);
    // A destination with credentials of its own does not see the sender's.
    expect(lines.some(({ headers }) => "authorization" in headers)).toBe(false);
    expect(header(first, "authorization")).toBe("Bearer ours-1234");
    expect(header(first, "content-type")).toBe("application/x-ndjson");
    for (const request of [first, again]) {
      const at = new Date(Number(header(request, "webhook-timestamp")) * 1_000);
      const signature = new Webhook(SECRET).sign(header(request, "webhook-id") ?? "", at, textOf(request));
      expect(header(request, "webhook-signature")).toBe(signature);
    }
    // The same events again: the same id, so that the receiver can know them.
    expect(header(again, "webhook-id")).toBe(header(first, "webhook-id"));
    expect([header(first, "sluice-attempt"), header(again, "sluice-attempt")]).toEqual(["1", "2"]);
  });

  it("contains every event as its connection transforms it; only an event whose transform fails is left out", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([
      { batch: { max_wait_seconds: 1 }, connection: { transform: { body: "{'twice': n * 2}" } } },
    ]);
    const json = { "content-type": "application/json" };
    await world.accept(`/in/${slug}`, { body: '{"n": 4}', headers: json });
    await world.accept(`/in/${slug}`, { body: '{"n": "no number"}', headers: json });
    await world.drain();
    const [request] = world.requests;
    expect(request === undefined ? [] : itemsOf(request).map(({ body }) => body)).toEqual(['{"twice":8}']);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 1, dead: 1 });
    const dead = (await only(world, sourceId)).find((row) => row.status === "dead");
    expect(dead?.["last_error"]).toMatch(/^transform_failed: /);
  });
});

describe("one answer", () => {
  it("applies to all: a 500 plans the same next attempt for all, the 200 after it delivers all", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([
      { batch: { max_wait_seconds: 2 }, retry: { schedule_seconds: [30, 30] } },
    ]);
    world.onRequest(() => ({ status: world.requests.length === 1 ? 500 : 200, body: "hm" }));
    await world.postMany(slug, 150);
    await turns(world);
    world.advance(3_000);
    await turns(world);
    // Of 150 one batch of 100 was full before the others' time had come.
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([100, 50]);
    expect(await statuses(world, sourceId)).toEqual({ retrying: 100, delivered: 50 });
    const times = new Set((await only(world, sourceId)).map((row) => row.next_attempt_at));
    expect(times.size).toBe(2);
    await world.drain();
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([100, 50, 100]);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 150 });
    const tries = (await only(world, sourceId)).map((row) => row.attempts_made);
    expect([tries.filter((n) => n === 2).length, tries.filter((n) => n === 1).length]).toEqual([100, 50]);
    expect((await only(world, sourceId)).every((row) => row.attempts.includes('"hm"'))).toBe(true);
  });

  it("of 410 ends all of them and disables the connection", async () => {
    const world = createWorld();
    const { slug, sourceId, connectionIds } = await createRoute([{ batch: { max_wait_seconds: 1 } }]);
    world.onRequest(() => ({ status: 410 }));
    await world.postMany(slug, 4);
    await world.drain();
    expect(world.requests).toHaveLength(1);
    expect(await statuses(world, sourceId)).toEqual({ dead: 4 });
    const row = await env.DB.prepare("SELECT spec FROM connections WHERE id = ?")
      .bind(connectionIds[0])
      .first<{ spec: string }>();
    expect(JSON.parse(row?.spec ?? "{}")).toMatchObject({ enabled: false });
  });

  it("of 429 with a time pauses the destination, and the batch comes again then", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ batch: { max_wait_seconds: 1 } }]);
    world.onRequest(() =>
      world.requests.length === 1 ? { status: 429, headers: { "retry-after": "120" } } : { status: 200 },
    );
    await world.postMany(slug, 5);
    await world.drain();
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([5, 5]);
    const [first, second] = world.requests;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(120_000);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 5 });
  });
});

describe("a 207", () => {
  it("gives each its own status; one without a result is retried", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([
      { batch: { max_wait_seconds: 1 }, retry: { schedule_seconds: [60], on: ["5xx", "network"] } },
    ]);
    const ids = await world.postMany(slug, 5);
    const [ok, bad, later, silent, gone] = ids;
    const results = [
      { id: ok, status: 201 },
      { id: bad, status: 422, reason: "no such order" },
      { id: later, status: 503 },
      { id: gone, status: 410 },
      { id: "evt_of_somebody_else", status: 500 },
    ];
    world.onRequest(() => ({ status: 207, body: JSON.stringify({ results }) }));
    await turns(world);
    world.advance(1_000);
    await turns(world);
    const of = async (id: string | undefined) =>
      (await only(world, sourceId)).find((row) => row.id.slice(4, 36) === id?.slice(4));
    expect(await of(ok)).toMatchObject({ status: "delivered", last_response_status: 201 });
    expect(await of(bad)).toMatchObject({ status: "dead", last_response_status: 422 });
    expect(String((await of(bad))?.attempts)).toContain("no such order");
    expect(await of(later)).toMatchObject({ status: "retrying", last_response_status: 503 });
    expect(await of(silent)).toMatchObject({ status: "retrying", last_error: "no_result", last_response_status: 207 });
    expect(await of(gone)).toMatchObject({ status: "dead", last_error: expect.stringContaining("gone") as string });
    world.onRequest(() => ({ status: 200 }));
    await world.drain();
    expect(
      world.requests
        .slice(1)
        .flatMap((request) => itemsOf(request).map(({ id }) => id))
        .sort(),
    ).toEqual([later, silent].map(String).sort());
    expect(await statuses(world, sourceId)).toEqual({ delivered: 3, dead: 2 });
  });
});

describe("pace and concurrency", () => {
  it("count requests, not events [G4] [G11]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([
      { batch: { max_events: 10, max_wait_seconds: 1 }, rate_limit: { limit: 1, period_seconds: 10, burst: 1 } },
    ]);
    await world.postMany(slug, 60);
    await world.drain(1_000);
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([10, 10, 10, 10, 10, 10]);
    const times = world.requests.map(({ at }) => at);
    times.slice(1).forEach((at, index) => expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(10_000));
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThanOrEqual(56_000);
    const rows = await only(world, sourceId);
    expect(rows.every((row) => row.status === "delivered" && row.attempts_made === 1)).toBe(true);
    // Once for company, once for the pace.
    expect(Math.max(...rows.map((row) => row.deferrals))).toBeLessThanOrEqual(2);
  });

  it("allow one request of many events at a concurrency of 1 [G4]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([
      { batch: { max_events: 20, max_wait_seconds: 1 }, max_concurrency: 1 },
    ]);
    await world.postMany(slug, 80);
    await world.drain(1_000);
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([20, 20, 20, 20]);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 80 });
  });
});

describe("a pace that is raised", () => {
  it("applies to whole batches that already wait [G4]", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([
      { batch: { max_events: 20, max_wait_seconds: 1 }, rate_limit: { limit: 1, period_seconds: 600, burst: 1 } },
    ]);
    const [id = ""] = destinationIds;
    await world.postMany(slug, 200);
    await turns(world);
    const before = world.requests.length;
    expect(before).toBe(1);
    await changeDestination(id, { rate_limit: { limit: 1, period_seconds: 1, burst: 1 } });
    const changedAt = world.now();
    await reschedule(rescheduleMessage(id as DestinationId), { ...world.consumer, ...world.consumer.records });
    await world.drain(1_000);
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual(Array.from({ length: 10 }, () => 20));
    const times = world.requests.slice(before).map(({ at }) => at);
    times.slice(1).forEach((at, index) => expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(1_000));
    expect((times.at(-1) ?? 0) - changedAt).toBeLessThanOrEqual(15_000);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 200 });
  });
});

describe("the cost of an event", () => {
  it("is five rows in D1 and its share of the counters", async () => {
    const world = createWorld();
    const rows = countRowsWritten(world);
    const { slug, sourceId } = await createRoute([{ batch: { max_events: 500, max_wait_seconds: 60 } }]);
    await world.postMany(slug, 500);
    await turns(world);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 500 });
    expect(world.requests).toHaveLength(1);
    // Event, delivery, index entry; claim; record. The counters are a few rows a consumer batch.
    expect(rows() / 500).toBeGreaterThanOrEqual(5);
    expect(rows() / 500).toBeLessThanOrEqual(5.1);
  });
});

describe("while events collect", () => {
  it("a pause holds them, and resuming sends them together", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([{ batch: { max_wait_seconds: 10 } }]);
    const [id = ""] = destinationIds;
    await world.postMany(slug, 6);
    await turns(world);
    await setPaused(id, 1);
    await world.drain();
    expect(world.requests).toHaveLength(0);
    expect(await statuses(world, sourceId)).toEqual({ held: 6 });
    await setPaused(id, 0);
    await world.sweep();
    await world.drain();
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([6]);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 6 });
  });

  it("an open circuit defers them without an attempt, and they are sent together [G11]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([
      {
        batch: { max_events: 5, max_wait_seconds: 20 },
        circuit: { failure_threshold: 1, open_seconds: 60 },
        retry: { schedule_seconds: [1, 1, 1] },
      },
    ]);
    let down = true;
    world.onRequest(() => ({ status: down ? 500 : 200 }));
    await world.postMany(slug, 5);
    await turns(world);
    expect(world.requests).toHaveLength(1);
    await world.postMany(slug, 5);
    await turns(world);
    world.advance(30_000);
    await turns(world);
    expect(world.requests).toHaveLength(1);
    const rows = await only(world, sourceId);
    expect(rows.every((row) => row.deferred_by === "circuit" && row.attempts_made <= 1)).toBe(true);
    down = false;
    await world.drain();
    expect(world.requests.length).toBeLessThanOrEqual(4);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 10 });
  });

  it("a cancelled one is left out, and deleting the destination cancels all", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([{ batch: { max_wait_seconds: 10 } }]);
    const [gone = "", ...rest] = await world.postMany(slug, 4);
    await turns(world);
    await env.DB.prepare(
      "UPDATE deliveries SET status = 'cancelled', next_attempt_at = NULL WHERE substr(id, 5, 32) = ?",
    )
      .bind(gone.slice(4))
      .run();
    await world.drain();
    expect(world.requests.flatMap((request) => itemsOf(request).map(({ id }) => id)).sort()).toEqual(rest.sort());
    await world.postMany(slug, 3);
    await turns(world);
    await env.DB.prepare("DELETE FROM destinations WHERE id = ?").bind(destinationIds[0]).run();
    await world.drain();
    expect(world.requests).toHaveLength(1);
    expect(await statuses(world, sourceId)).toEqual({ cancelled: 4, delivered: 3 });
  });

  it("turning batching off sends them one by one at their time, turning it on again together", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([{ batch: { max_wait_seconds: 10 } }]);
    const [id = ""] = destinationIds;
    await world.postMany(slug, 4);
    await turns(world);
    await changeDestination(id, { batch: null });
    await world.drain();
    expect(world.requests).toHaveLength(4);
    expect(world.requests.every((request) => header(request, "sluice-delivery-id") !== null)).toBe(true);
    // Now some wait without a batch, for a pace, when the batch comes back.
    await changeDestination(id, { rate_limit: { limit: 1, period_seconds: 60, burst: 1 } });
    await world.postMany(slug, 6);
    await turns(world);
    await changeDestination(id, { batch: { max_wait_seconds: 10 } });
    await world.postMany(slug, 5);
    await world.drain(1_000);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 15 });
  });

  it("a destination that has become slow gets them through the slow lane", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([
      { batch: { max_events: 4, max_wait_seconds: 20 }, retry: { schedule_seconds: [1] } },
    ]);
    world.onRequest(() => (world.requests.length === 1 ? { error: "timeout", durationMs: 15_000 } : { status: 200 }));
    await world.postMany(slug, 4);
    await turns(world);
    await world.postMany(slug, 3);
    await turns(world);
    expect(world.queued.map(({ lane, message }) => [lane, message.kind])).toContainEqual(["slow", "flush"]);
    await world.drain();
    expect(await statuses(world, sourceId)).toEqual({ delivered: 7 });
    expect(world.requests.length).toBeLessThanOrEqual(3);
  });
});

describe("a replay", () => {
  it("shares a request with the deliveries in the same consumer batch, and never waits among live traffic", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ batch: { max_wait_seconds: 30 } }]);
    await world.postMany(slug, 5);
    await world.drain();
    await env.DB.prepare(
      "UPDATE deliveries SET status = 'pending', attempts_made = 0, deferrals = 0, next_attempt_at = ?, replay_id = 'rpl_x' WHERE source_id = ?",
    )
      .bind(world.now(), sourceId)
      .run();
    world.advance(70_000);
    await world.sweep();
    await turns(world);
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([5, 5]);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 5 });
  });
});

describe("a loss", () => {
  it("of flush messages only costs time: the sweep requeues the deliveries, together [G2]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ batch: { max_events: 50, max_wait_seconds: 10 } }]);
    await world.postMany(slug, 60);
    await world.turn();
    world.queued.length = 0;
    world.advance(10_000 + 70_000);
    await world.sweep();
    await world.drain();
    expect(world.requests.map((request) => itemsOf(request).length).sort((a, b) => a - b)).toEqual([10, 50]);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 60 });
  });

  it("of a gate loses no delivery: what it does not take returns at its time and shares requests within its consumer batch [G7]", async () => {
    const world = createWorld();
    world.break("collect", "take");
    const { slug, sourceId } = await createRoute([{ batch: { max_wait_seconds: 10 } }]);
    await world.postMany(slug, 20);
    await world.drain();
    expect(world.requests.map((request) => itemsOf(request).length)).toEqual([20]);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 20 });
  });

  it("of D1 at the first record loses no delivery: it is recorded and sent when D1 is back [G7]", async () => {
    const world = createWorld();
    const mend = world.break("write");
    const { slug, sourceId } = await createRoute([{ batch: { max_wait_seconds: 5 } }]);
    await world.postMany(slug, 5);
    await world.turn();
    mend();
    await world.drain();
    await world.sweep();
    await world.drain();
    expect(await statuses(world, sourceId)).toEqual({ delivered: 5 });
    expect(world.requests.reduce((sum, request) => sum + itemsOf(request).length, 0)).toBe(5);
  });

  it("of uniqueness does no harm: a repeated flush sends no event again [G3]", async () => {
    const world = createWorld();
    world.replace("sendFlush", (sendFlush) => async (...sent) => {
      await sendFlush(...sent);
      await sendFlush(...sent);
    });
    const { slug, sourceId } = await createRoute([{ batch: { max_events: 5, max_wait_seconds: 30 } }]);
    await world.postMany(slug, 12);
    await world.drain();
    const ids = world.requests.flatMap((request) => itemsOf(request).map(({ id }) => id));
    expect(new Set(ids).size).toBe(12);
    expect(ids).toHaveLength(12);
    expect(await statuses(world, sourceId)).toEqual({ delivered: 12 });
  });
});
