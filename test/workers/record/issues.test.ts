// Issues over real deliveries: counted in the transaction that records the failures, closed by the sweep's own job, decided by the API.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { ISSUE_QUIET_MS, MAX_ISSUES_PER_DESTINATION } from "../../../src/config/record-limits.ts";
import { causeOf } from "../../../src/model/issue.ts";
import { causeSql } from "../../../src/store/causes.ts";
import { closeIssues, pruneIssues } from "../../../src/store/index.ts";
import { createClient } from "../api/harness.ts";
import { countRowsWritten } from "../counting.ts";
import { createRoute, createWorld, TestMessage, type Described } from "../harness.ts";

const { call } = createClient();
const MINUTE_MS = 60_000;

beforeEach(async () => {
  await env.DB.batch(
    ["issues", "counters", "deliveries", "events", "marks"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  );
});

const issues = async (query = ""): Promise<Record<string, unknown>[]> =>
  (await call("GET", `/issues${query}`)).json.data as unknown as Record<string, unknown>[];
const causes = async (): Promise<Record<string, unknown>> =>
  Object.fromEntries((await issues()).map(({ cause, count }) => [String(cause), count]));
const RETRY = { retry: { schedule_seconds: [60] }, circuit: null };

describe("a failure", () => {
  it("is counted once for its destination and cause, in one row for a whole batch", async () => {
    const world = createWorld();
    const { slug } = await createRoute([RETRY]);
    world.onRequest(() => ({ status: 200 }));
    const success = countRowsWritten(world);
    await world.postMany(slug, 20);
    await world.turn();
    expect(await issues()).toEqual([]);
    const withoutFailure = success();
    world.onRequest(() => ({ status: 500 }));
    await world.postMany(slug, 20);
    const failing = countRowsWritten(world);
    await world.turn();
    expect(withoutFailure).toBe(3);
    // An event, a delivery and an entry in the index for each; counters by source and by destination, and the destination's state; one issue.
    expect(failing()).toBe(20 * 3 + 3 + 1);
    expect(await issues()).toMatchObject([
      { cause: "status_500", count: 20, status: "open", reopened: 0, destination_slug: `${slug}-0` },
    ]);
    world.advance(61_000);
    const [message] = await world.turn();
    expect(await causes()).toEqual({ status_500: 40 });
    // The platform delivers a message twice: what is on record counts once.
    await world.consume("deliveries", [new TestMessage(message?.body)]);
    expect(await causes()).toEqual({ status_500: 40 });
  });

  it("opens an issue for each cause, transforms among them, and says nothing of successes", async () => {
    const world = createWorld();
    const { slug } = await createRoute([RETRY, { connection: { transform: { path: "/{{body.missing}}" } } }]);
    const replies = [{ status: 503 }, { error: "timeout" as const }, { status: 200 }];
    world.onRequest(() => replies.shift() ?? {});
    await world.postMany(slug, 3, { body: "{}" });
    await world.turn();
    expect(await causes()).toEqual({ status_503: 1, timeout: 1, transform_failed: 3 });
  });

  it("of a further cause counts under `other` beyond so many", async () => {
    const world = createWorld();
    const { slug } = await createRoute([RETRY]);
    let status = 500;
    world.onRequest(() => ({ status: status++ }));
    await world.postMany(slug, 15);
    await world.turn();
    await world.postMany(slug, 10);
    await world.turn();
    const found = await causes();
    expect(Object.keys(found)).toHaveLength(MAX_ISSUES_PER_DESTINATION + 1);
    expect(found["other"]).toBe(5);
  });

  it("names the same cause in SQL as elsewhere, and lists and redrives find it by that", async () => {
    const texts = [
      "http_status",
      "gone: http_status",
      "a: timeout",
      "timeout",
      "transform_failed: x: y",
      "x",
      "a: b: c",
    ];
    for (const last_error of texts) {
      const row = await env.DB.prepare(
        `SELECT ${causeSql("d.")} AS cause FROM (SELECT ?1 AS last_error, 418 AS last_response_status) d`,
      )
        .bind(last_error)
        .first();
      expect(row).toEqual({ cause: causeOf({ last_error, last_response_status: 418 }) });
    }
    const world = createWorld();
    const { slug } = await createRoute([{ retry: { schedule_seconds: [] } }]);
    const replies = [{ status: 500 }, { error: "timeout" as const }, { status: 500 }];
    world.onRequest(() => replies.shift() ?? {});
    await world.postMany(slug, 4);
    await world.turn();
    const listed = async (query: string) => (await call("GET", `/deliveries?destination=${slug}-0&${query}`)).json.data;
    expect(await listed("cause=status_500")).toHaveLength(2);
    expect(await listed("cause=timeout&status=dead")).toHaveLength(1);
    const plan = await call("POST", "/replays?dry_run=true", {
      status: "dead",
      destination: `${slug}-0`,
      cause: "timeout",
    });
    expect(plan.json).toMatchObject({ matched: 1, filter: { cause: "timeout" } });
    expect((await call("POST", "/replays", { destination: `${slug}-0`, cause: "timeout" })).status).toBe(422);
  });
});

describe("an issue", () => {
  async function failing(retry: Described = RETRY) {
    const world = createWorld();
    const route = await createRoute([retry]);
    world.onRequest(() => ({ status: 500 }));
    await world.post(route.slug);
    await world.turn();
    const [issue] = await issues();
    const decide = (body: object) => call("PATCH", `/issues/${String(issue?.["id"])}`, body);
    const shown = async () => (await call("GET", `/issues/${String(issue?.["id"])}`)).json as Record<string, unknown>;
    return { world, ...route, decide, shown, close: () => closeIssues(env.DB, world.now()) };
  }

  it("closes by itself once its delivery was delivered and nothing fails any more, and a new failure opens it again", async () => {
    const { world, slug, shown, close } = await failing();
    world.advance(2 * ISSUE_QUIET_MS);
    // The delivery still waits for its retry.
    expect(await close()).toBe(0);
    world.onRequest(() => ({ status: 200 }));
    await world.drain();
    world.advance(ISSUE_QUIET_MS);
    expect(await close()).toBe(1);
    expect(await shown()).toMatchObject({ status: "closed", closed_by: "sluice", count: 1 });
    world.onRequest(() => ({ status: 500 }));
    await world.postMany(slug, 2);
    await world.turn();
    expect(await shown()).toMatchObject({ status: "open", closed_at: null, count: 2, reopened: 1 });
  });

  it("stays open while a dead letter of it is left, and without a success since", async () => {
    const { world, slug, shown, close } = await failing({ retry: { schedule_seconds: [] } });
    world.advance(2 * ISSUE_QUIET_MS);
    expect(await close()).toBe(0);
    world.onRequest(() => ({ status: 200 }));
    await world.post(slug);
    await world.turn();
    world.advance(10 * MINUTE_MS);
    expect([await close(), await shown()]).toMatchObject([
      0,
      { status: "open", dead_letters: 1, dead_letters_exact: true },
    ]);
    await env.DB.prepare("UPDATE deliveries SET status = 'cancelled' WHERE status = 'dead'").run();
    await world.post(slug);
    await world.turn();
    world.advance(10 * MINUTE_MS);
    expect([await close(), await shown()]).toMatchObject([1, { status: "closed", dead_letters: 0 }]);
  });

  it("is acknowledged, muted until a time or for good, closed and reopened by hand, and the audit log says by whom", async () => {
    const { world, slug, decide, shown } = await failing();
    const until = new Date(world.now() + 60 * MINUTE_MS).toISOString();
    expect((await decide({ status: "acknowledged" })).json).toMatchObject({ status: "acknowledged" });
    await world.post(slug);
    await world.turn();
    expect(await shown()).toMatchObject({ status: "acknowledged", count: 2 });
    expect((await decide({ status: "muted", muted_until: until })).json).toMatchObject({ muted_until: until });
    world.advance(61 * MINUTE_MS);
    expect(await shown()).toMatchObject({ status: "acknowledged" });
    await decide({ status: "muted" });
    expect((await decide({ status: "closed" })).json).toMatchObject({
      status: "closed",
      closed_by: "SLUICE_ADMIN_TOKEN",
    });
    expect((await decide({ status: "acknowledged" })).json).toMatchObject({ errors: [{ pointer: "/status" }] });
    await world.post(slug);
    await world.turn();
    expect(await shown()).toMatchObject({ status: "muted", muted_until: null });
    expect((await decide({ status: "open" })).json).toMatchObject({ status: "open", muted_at: null });
    expect((await decide({ status: "open", muted_until: until })).json).toMatchObject({
      errors: [{ pointer: "/muted_until" }],
    });
    expect((await call("GET", "/audit?kind=issue")).json.data).toHaveLength(5);
  });

  it("goes with retention and with its destination, unless it is muted", async () => {
    const { decide, shown } = await failing();
    const seen = Date.parse(String((await shown())["last_seen_at"]));
    await decide({ status: "muted" });
    expect(await pruneIssues(env.DB, seen + 1)).toBe(0);
    await decide({ status: "open" });
    expect(await pruneIssues(env.DB, seen)).toBe(0);
    expect(await pruneIssues(env.DB, seen + 1)).toBe(1);
    const { destinationIds } = await failing();
    await env.DB.prepare("DELETE FROM destinations WHERE id = ?1").bind(destinationIds[0]).run();
    expect(await pruneIssues(env.DB, seen)).toBe(1);
  });

  it("is listed by state, destination and cause, page by page, what is closed last", async () => {
    const { world, slug, decide } = await failing();
    world.onRequest(() => ({ status: 503 }));
    await world.post(slug);
    await world.turn();
    await decide({ status: "closed" });
    expect((await issues()).map(({ cause }) => cause)).toEqual(["status_503", "status_500"]);
    expect(await issues(`?status=closed&destination=${slug}-0`)).toHaveLength(1);
    expect(await issues("?cause=status_503")).toHaveLength(1);
    const first = await call("GET", "/issues?limit=1");
    const cursor = encodeURIComponent(String(first.json.next_cursor));
    const second = await call("GET", `/issues?limit=1&cursor=${cursor}`);
    expect([first.json.data[0]?.["cause"], second.json.data[0]?.["cause"], second.json.next_cursor]).toEqual([
      "status_503",
      "status_500",
      null,
    ]);
  });
});
