// The response table of the HTTP contract, a test for each row, from the answer to what stands in D1 and what happens next.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { createRoute, createWorld, type Reply } from "../harness.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

const HOUR_MS = 3_600_000;

/** One event to a destination that answers so; what D1 says of it after the first attempt. */
async function answered(reply: Reply, destination: Record<string, unknown> = {}) {
  const world = createWorld();
  const { slug, sourceId, connectionIds, destinationIds } = await createRoute([destination]);
  world.onRequest(() => reply);
  await world.accept(`/in/${slug}`, { body: "{}" });
  const sentAt = world.now();
  await world.turn();
  const delivery = async () => (await world.deliveries()).find((one) => one.source_id === sourceId);
  const connection = await env.DB.prepare("SELECT spec FROM connections WHERE id = ?")
    .bind(connectionIds[0] ?? "")
    .first<{ spec: string }>();
  const state = await env.DB.prepare("SELECT pause_until FROM destination_states WHERE destination_id = ?")
    .bind(destinationIds[0] ?? "")
    .first<{ pause_until: number | null }>();
  const row = await delivery();
  return {
    world,
    slug,
    row,
    delivery,
    /** Until the next attempt, counted from the answer. */
    waitMs: row?.next_attempt_at == null ? null : row.next_attempt_at - sentAt - 10,
    pausedMs: state?.pause_until == null ? null : state.pause_until - sentAt - 10,
    enabled: (JSON.parse(connection?.spec ?? "{}") as { enabled: boolean }).enabled,
  };
}

describe("row: 2xx", () => {
  it.each([200, 201, 202, 204, 299])("%i is delivered", async (status) => {
    const { row, enabled } = await answered({ status });
    expect(row).toMatchObject({ status: "delivered", attempts_made: 1, last_error: null, next_attempt_at: null });
    expect(enabled).toBe(true);
  });
});

describe("row: any other status, network error, timeout", () => {
  it.each([302, 304, 400, 401, 403, 404, 409, 422, 500, 502, 599])("%i is retried", async (status) => {
    const { row, waitMs, pausedMs, enabled } = await answered({ status });
    expect(row).toMatchObject({ status: "retrying", attempts_made: 1, last_response_status: status });
    expect([waitMs, pausedMs, enabled]).toEqual([5_000, null, true]);
  });

  it.each(["dns", "connect_refused", "tls", "reset", "network", "blocked_address"] as const)(
    "%s is retried",
    async (error) => {
      const { row, waitMs } = await answered({ error });
      expect(row).toMatchObject({ status: "retrying", last_error: error, last_response_status: null });
      expect(waitMs).toBe(5_000);
    },
  );

  it("timeout is retried after 60 s at least", async () => {
    const { row, waitMs } = await answered({ error: "timeout" });
    expect(row).toMatchObject({ status: "retrying", last_error: "timeout" });
    expect(waitMs).toBe(60_000);
  });

  it.each([
    [404, undefined, "dead"],
    [408, undefined, "retrying"],
    [429, undefined, "retrying"],
    [503, undefined, "retrying"],
    [undefined, "reset", "retrying"],
    [undefined, "timeout", "retrying"],
  ] as const)("retry.on narrows it: %s %s ends %s", async (status, error, end) => {
    const reply = { ...(status === undefined ? {} : { status }), ...(error === undefined ? {} : { error }) };
    const { row } = await answered(reply, { retry: { on: ["408", "429", "5xx", "network"] } });
    expect(row?.status).toBe(end);
    if (end === "dead") expect(row?.last_error).toBe("not_retryable: http_status");
  });

  it("is dead once it would exceed max_age_seconds", async () => {
    const { row } = await answered({ status: 500 }, { retry: { max_age_seconds: 4 } });
    expect(row).toMatchObject({ status: "dead", last_error: "age_exceeded: http_status" });
  });

  it("is dead once the attempts are used up", async () => {
    const { row } = await answered({ status: 500 }, { retry: { schedule_seconds: [] } });
    expect(row).toMatchObject({ status: "dead", last_error: "attempts_exhausted: http_status" });
  });

  it("uses the Retry-After of any other status, for this delivery only", async () => {
    const { waitMs, pausedMs } = await answered({ status: 500, headers: { "retry-after": "90" } });
    expect([waitMs, pausedMs]).toEqual([90_000, null]);
  });
});

describe("row: 429, 503 with Retry-After", () => {
  const inTwoMinutes = new Date(Date.UTC(2026, 10, 24) + 120_000).toUTCString();
  it.each([
    ["120", 120_000],
    ["1.5", 1_500],
    ["6m5s", 365_000],
    ["86400", HOUR_MS],
    [inTwoMinutes, 119_990],
  ])("Retry-After: %s pauses the whole destination", async (text, ms) => {
    for (const status of [429, 503]) {
      const { row, waitMs, pausedMs } = await answered({ status, headers: { "retry-after": text } });
      expect(row).toMatchObject({ status: "retrying", last_response_status: status });
      expect([waitMs, pausedMs]).toEqual([ms, ms]);
    }
  });

  it("pauses the destination until then", async () => {
    const { world, slug, delivery } = await answered({ status: 429, headers: { "retry-after": "120" } });
    world.onRequest(() => ({ status: 200 }));
    const [first] = world.requests;
    await world.postMany(slug, 5, { body: "{}" });
    await world.turn();
    expect(world.requests).toHaveLength(1);
    await world.drain();
    // The first one again, and the five.
    expect(world.requests).toHaveLength(7);
    for (const request of world.requests.slice(1))
      expect(request.at).toBeGreaterThanOrEqual((first?.at ?? 0) + 120_000);
    expect(await delivery()).toMatchObject({ status: "delivered" });
  });

  it.each([
    ["x-ratelimit-reset", "30", 30_000],
    ["x-ratelimit-reset-requests", "1m30s", 90_000],
    ["x-ratelimit-reset-tokens", "20s", 20_000],
    ["x-ratelimit-reset-after", "2.5", 2_500],
    ["ratelimit-reset", "30", 30_000],
    ["ratelimit", '"default";r=0;t=30', 30_000],
  ])("%s: %s does the same", async (name, value, ms) => {
    const { waitMs, pausedMs } = await answered({ status: 429, headers: { [name]: value } });
    expect([waitMs, pausedMs]).toEqual([ms, ms]);
  });

  it("a 429 without a time backs off at least 60 s and pauses nothing", async () => {
    const { row, waitMs, pausedMs } = await answered({ status: 429 });
    expect(row?.status).toBe("retrying");
    expect([waitMs, pausedMs]).toEqual([60_000, null]);
  });

  it("Retry-After: -1 is dead at once", async () => {
    const { row } = await answered({ status: 503, headers: { "retry-after": "-1" } });
    expect(row).toMatchObject({ status: "dead", last_error: "aborted_by_receiver: http_status" });
  });
});

describe("row: 410", () => {
  it("is dead at once, whatever retry.on says, and the connection is disabled", async () => {
    const { row, enabled, world, slug } = await answered({ status: 410 }, { retry: { on: [">=400"] } });
    expect(row).toMatchObject({ status: "dead", last_error: "gone: http_status", attempts_made: 1 });
    expect(enabled).toBe(false);
    await world.accept(`/in/${slug}`, { body: "{}" });
    await world.drain();
    expect(world.requests).toHaveLength(1);
  });
});

describe("row: the receiver's instruction", () => {
  it.each([500, 404, 429])("webhook-delivery: abort-message with %i is dead at once", async (status) => {
    const { row, enabled } = await answered({ status, headers: { "webhook-delivery": "abort-message" } });
    expect(row).toMatchObject({ status: "dead", last_error: "aborted_by_receiver: http_status" });
    expect(enabled).toBe(true);
  });

  it("webhook-delivery: disable is dead at once, and the connection is disabled", async () => {
    const { row, enabled } = await answered({ status: 500, headers: { "webhook-delivery": "disable" } });
    expect(row).toMatchObject({ status: "dead", last_error: "aborted_by_receiver: http_status" });
    expect(enabled).toBe(false);
  });

  it("webhook-delivery: disable with a 2xx is delivered, and the connection is disabled", async () => {
    const { row, enabled } = await answered({ status: 200, headers: { "webhook-delivery": "disable" } });
    expect(row).toMatchObject({ status: "delivered" });
    expect(enabled).toBe(false);
  });

  it("489 is dead at once", async () => {
    const { row, enabled } = await answered({ status: 489 });
    expect(row).toMatchObject({ status: "dead", last_error: "aborted_by_receiver: http_status" });
    expect(enabled).toBe(true);
  });
});

describe("an error that no further attempt can change", () => {
  it.each([
    ["loop", "not_retryable: loop"],
    ["too_large", "not_retryable: too_large"],
    ["body_missing", "unprocessable: body_missing"],
  ] as const)("%s is dead at once", async (error, last) => {
    const { row } = await answered({ error });
    expect(row).toMatchObject({ status: "dead", last_error: last, attempts_made: 1 });
  });
});
