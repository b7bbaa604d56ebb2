// Alerts end to end: real events, D1, counters and the sweep's own check, with a simulated clock and receiver.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { configPlace } from "../../../src/signing/index.ts";
import { watch } from "../../../src/worker/ports/alerts.ts";
import { alertSpecSchema, NEW_ALERT_STATE } from "../../../src/model/alert.ts";
import { newAlertId } from "../../../src/model/ids.ts";
import type { SourceId } from "../../../src/model/ids.ts";
import { addRejections } from "../../../src/store/index.ts";
import { insertAlert, listAlerts } from "../../../src/store/alerts.ts";
import { readForAlerts } from "../../../src/store/alert-readings.ts";
import { auditEntry, createRoute, createWorld } from "../harness.ts";
import type { OutboundRequest } from "../../../src/outbound/types.ts";

const LIMIT = { limitBytes: 10_000_000_000 };

const MINUTE_MS = 60_000;

beforeEach(async () => {
  await env.DB.batch(
    ["alerts", "issues", "counters", "deliveries", "events", "destination_states"].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  );
});

async function createScene(destination: Record<string, unknown> = {}) {
  const world = createWorld();
  const route = await createRoute([{ retry: { schedule_seconds: [] }, ...destination }]);
  const told: { at: number; type: string; value: number; details: unknown; request: OutboundRequest }[] = [];
  const start = world.now();
  /** The sweep's check; its notices are collected. */
  const look = (): Promise<number> =>
    watch(world.runtime, {
      send: async (request) => {
        const text = request.body?.kind === "inline" ? new TextDecoder().decode(request.body.bytes) : "";
        const { type, data } = JSON.parse(text) as { type: string; data: { value: number; details: unknown } };
        told.push({ at: Math.round((world.now() - start) / MINUTE_MS), type, ...data, request });
        return { status: 200, headers: {}, error: null, excerpt: "", durationMs: 1 };
      },
    });
  return {
    ...route,
    world,
    told,
    alert: async (change: Record<string, unknown>) => {
      const id = newAlertId(world.now());
      const place = configPlace(id, "target/url");
      const sealed = await world.runtime.vault.seal("https://ops.example.com/hook", place);
      if (!sealed.ok) throw new Error("no master key");
      const target = { type: "webhook", url: sealed.value, host: "ops.example.com" };
      const spec = alertSpecSchema.parse({ name: "Test", target, ...change });
      const times = { created_at: 0, updated_at: 0 };
      const row = { id, spec: JSON.stringify(spec), state: JSON.stringify(NEW_ALERT_STATE), revision: 0, ...times };
      await insertAlert(env.DB, row, auditEntry(world.now()));
      return id;
    },
    post: async (count: number) => {
      for (let i = 0; i < count; i++) await world.accept(`/in/${route.slug}`, { body: "{}" });
      await world.turn();
    },
    issue: (cause: string) => `iss_${route.destinationIds[0]?.slice(4)}_${cause}`,
    look,
    sweep: () => world.sweep({ watchAlerts: look }),
  };
}

describe("alerts over real deliveries", () => {
  it("open with an issue that nobody has acknowledged or muted, and name it", async () => {
    const scene = await createScene();
    await scene.alert({ rule: { type: "open_issues" }, resolve_after_seconds: 0 });
    await scene.look();
    scene.world.onRequest(() => ({ status: 500 }));
    await scene.post(2);
    await scene.look();
    expect(scene.told).toMatchObject([
      {
        type: "alert.opened",
        value: 1,
        details: [{ name: `${scene.slug}-0: status_500`, value: 2, issue: scene.issue("status_500") }],
      },
    ]);
    await env.DB.prepare("UPDATE issues SET muted_at = 1, muted_until = ?1")
      .bind(scene.world.now() + 1)
      .run();
    await scene.look();
    expect(scene.told[1]?.type).toBe("alert.resolved");
    scene.world.advance(1);
    await scene.look();
    expect(scene.told[2]?.type).toBe("alert.opened");
  });

  it("open with dead letters, repeat, and resolve when the window has passed", async () => {
    const scene = await createScene();
    await scene.alert({ rule: { type: "dead_letters", threshold: 2, window_seconds: 600 }, repeat_minutes: 5 });
    await scene.alert({ rule: { type: "dead_letters", threshold: 3, window_seconds: 600 } });
    scene.world.onRequest(() => ({ status: 500 }));
    await scene.post(2);
    await scene.sweep();
    expect(scene.told).toEqual([]);
    await scene.post(1);
    for (let minute = 0; minute < 20; minute++) {
      await scene.look();
      scene.world.advance(MINUTE_MS);
    }
    expect(scene.told.map(({ at, type, value }) => [at, type, value])).toEqual([
      [0, "alert.opened", 3],
      [5, "alert.repeated", 3],
      [10, "alert.repeated", 3],
      [13, "alert.resolved", 0],
    ]);
    expect(scene.told[0]?.details).toEqual([{ name: `${scene.slug}-0`, value: 3, issue: scene.issue("status_500") }]);
    // The sweep sends them directly: the failing destination received its three events and nothing else.
    expect(scene.world.requests).toHaveLength(3);
    expect(scene.world.queued).toEqual([]);
  });

  it("open when too few attempts succeed, for one destination or source if the rule names one", async () => {
    const scene = await createScene();
    const other = await createRoute([{}]);
    const rule = { type: "success_rate", below: 0.5, min_attempts: 4 };
    const [mine = ""] = scene.destinationIds;
    await scene.alert({ rule, destination: mine });
    await scene.alert({ rule, source: scene.sourceId });
    await scene.alert({ rule, destination: other.destinationIds[0] });
    await scene.alert({ rule, source: other.sourceId });
    scene.world.onRequest(({ url }) => ({ status: url.includes(scene.slug) ? 500 : 200 }));
    await scene.post(3);
    for (let i = 0; i < 5; i++) await scene.world.accept(`/in/${other.slug}`, { body: "{}" });
    await scene.world.turn();
    await scene.sweep();
    expect(scene.told).toEqual([]);
    await scene.post(1);
    await scene.sweep();
    expect(scene.told.map(({ type, value }) => [type, value])).toEqual([
      ["alert.opened", 0],
      ["alert.opened", 0],
    ]);
  });

  it("open with a circuit and resolve when it closes", async () => {
    const scene = await createScene({
      retry: { schedule_seconds: [60, 60, 60, 60, 60] },
      circuit: { failure_threshold: 2, open_seconds: 10, max_open_seconds: 10 },
    });
    await scene.alert({ rule: { type: "circuit_open" }, resolve_after_seconds: 0 });
    scene.world.onRequest(() => ({ status: 503 }));
    await scene.post(3);
    await scene.sweep();
    expect(scene.told.map(({ type }) => type)).toEqual(["alert.opened"]);
    expect(scene.told[0]?.details).toEqual([{ name: `${scene.slug}-0`, value: 1, issue: scene.issue("status_503") }]);
    scene.world.onRequest(() => ({ status: 200 }));
    await scene.world.drain();
    await scene.sweep();
    expect(scene.told.map(({ type }) => type)).toEqual(["alert.opened", "alert.resolved"]);
  });

  it("open for a destination that fails and for a source that refuses everything, as the pages call them", async () => {
    const scene = await createScene();
    const other = await createRoute([{}]);
    await scene.alert({ rule: { type: "destination_failing" }, resolve_after_seconds: 0 });
    await scene.alert({ rule: { type: "destination_failing" }, destination: other.destinationIds[0] });
    await scene.alert({ rule: { type: "source_refusing" }, source: scene.sourceId });
    await scene.alert({ rule: { type: "source_refusing" }, source: other.sourceId });
    // No circuit counts a 404.
    scene.world.onRequest(() => ({ status: 404 }));
    await scene.post(1);
    await scene.sweep();
    expect(scene.told.map(({ type, details }) => [type, details])).toEqual([
      ["alert.opened", [{ name: `${scene.slug}-0`, value: 1, issue: scene.issue("status_404") }]],
    ]);
    scene.world.onRequest(() => ({ status: 200 }));
    scene.world.advance(11 * MINUTE_MS);
    await scene.post(1);
    const hour = Math.floor(scene.world.now() / (60 * MINUTE_MS)) * 60 * MINUTE_MS;
    const refused = { source_id: other.sourceId as SourceId, hour, reason: "verification_failed", count: 3 } as const;
    await addRejections(env.DB, [refused], [], scene.world.now());
    await scene.sweep();
    expect(scene.told.slice(1).map(({ type, details }) => [type, details])).toEqual([
      ["alert.resolved", []],
      ["alert.opened", [{ name: other.slug, value: 1 }]],
    ]);
  });

  it("open for waiting deliveries, by count and by age, but not for scheduled or paused ones", async () => {
    const scene = await createScene({ rate_limit: { limit: 1, period_seconds: 60, burst: 1 } });
    const wished = await createRoute([{ connection: { delay_seconds: 3_600 } }]);
    for (let i = 0; i < 5; i++) await scene.world.accept(`/in/${wished.slug}`, { body: "{}" });
    await scene.world.turn();
    await scene.alert({ rule: { type: "backlog", threshold: 2 } });
    await scene.alert({
      rule: { type: "oldest_message", older_than_seconds: 120 },
      destination: scene.destinationIds[0],
    });
    await scene.alert({ rule: { type: "backlog", threshold: 0 }, destination: wished.destinationIds[0] });
    await scene.post(3);
    await scene.sweep();
    expect(scene.told).toEqual([]);
    await scene.post(1);
    await scene.sweep();
    expect(scene.told.map(({ type, value }) => [type, value])).toEqual([["alert.opened", 3]]);
    scene.world.advance(3 * MINUTE_MS);
    await scene.sweep();
    expect(scene.told.slice(1).map(({ type }) => type)).toEqual(["alert.opened"]);
    expect(scene.told[1]?.value).toBeGreaterThanOrEqual(180);
    await env.DB.prepare("UPDATE deliveries SET status = 'held', next_attempt_at = NULL WHERE source_id = ?")
      .bind(scene.sourceId)
      .run();
    for (let minute = 0; minute < 4; minute++) {
      await scene.look();
      scene.world.advance(MINUTE_MS);
    }
    expect(scene.told.slice(2).map(({ type }) => type)).toEqual(["alert.resolved", "alert.resolved"]);
  });

  it("count the events that are still in the queue", async () => {
    const scene = await createScene();
    await scene.alert({ rule: { type: "backlog", threshold: 0 } });
    const events = { metrics: async () => ({ backlogCount: 7, backlogBytes: 70 }) } as unknown as Queue;
    const seen: unknown[] = [];
    await watch(
      { ...scene.world.runtime, env: { ...env, EVENTS: events } },
      {
        send: async (request) => (
          seen.push(request.body),
          { status: 200, headers: {}, error: null, excerpt: "", durationMs: 1 }
        ),
      },
    );
    expect(seen).toHaveLength(1);
    expect(JSON.parse((await listAlerts(env.DB, 1, null))[0]?.state ?? "{}")).toMatchObject({
      state: "firing",
      value: 7,
    });
  });

  it("keep their state when the configuration changes, and their configuration when the state changes", async () => {
    const scene = await createScene();
    const id = await scene.alert({ rule: { type: "dead_letters" } });
    scene.world.onRequest(() => ({ status: 500 }));
    await scene.post(1);
    const spec = alertSpecSchema.parse(JSON.parse((await listAlerts(env.DB, 1, null))[0]?.spec ?? ""));
    await env.DB.prepare("UPDATE alerts SET spec = ?2 WHERE id = ?1")
      .bind(id, JSON.stringify({ ...spec, name: "Renamed" }))
      .run();
    await scene.sweep();
    const [row] = await listAlerts(env.DB, 1, null);
    expect(JSON.parse(row?.spec ?? "")).toMatchObject({ name: "Renamed" });
    expect(JSON.parse(row?.state ?? "")).toMatchObject({ state: "firing" });
  });
});

describe("the readings of alerts", () => {
  const spec = (rule: Record<string, unknown>) =>
    alertSpecSchema.parse({ name: "x", rule, target: { type: "slack", url: { secret: "S" }, host: "x" } });
  const at = Date.UTC(2026, 10, 24, 12, 0, 30);
  const count = (step: number, from: number, dead: number) =>
    env.DB.prepare(
      "INSERT INTO counters (step, at, source_id, destination_id, counts) VALUES (?, ?, 'src_1', 'dst_1', ?)",
    ).bind(step, from, JSON.stringify({ dead }));

  it("cover the whole window, by minute and by hour, and count everything once", async () => {
    const HOUR_MS = 60 * MINUTE_MS;
    const hour = Date.UTC(2026, 10, 24, 12);
    await env.DB.batch([
      count(MINUTE_MS, hour, 1),
      count(MINUTE_MS, hour - 10 * MINUTE_MS, 2),
      count(MINUTE_MS, hour - 11 * MINUTE_MS, 4),
      // Already added up by hour, and the minutes still exist.
      count(HOUR_MS, hour - 3 * HOUR_MS, 8),
      count(MINUTE_MS, hour - 3 * HOUR_MS, 8),
      count(HOUR_MS, hour - 30 * HOUR_MS, 16),
      env.DB.prepare(
        "INSERT INTO marks (name, at) VALUES ('counters_hours', ?1) ON CONFLICT DO UPDATE SET at = ?1",
      ).bind(hour - 2 * HOUR_MS),
    ]);
    const dead = async (seconds: number): Promise<number> => {
      const [reading] = await readForAlerts(
        env.DB,
        [spec({ type: "dead_letters", window_seconds: seconds })],
        LIMIT,
        at,
      );
      return reading?.kind === "counts" ? (reading.rows[0]?.dead ?? 0) : -1;
    };
    expect([await dead(60), await dead(600), await dead(660), await dead(14_400), await dead(86_400)]).toEqual([
      1, 3, 7, 15, 15,
    ]);
  });

  it("are bounded, however much there is", async () => {
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
       INSERT INTO deliveries (id, source_id, destination_id, status, attempts_made, next_attempt_at, deferrals, attempts, created_at, age_credit_ms)
       SELECT printf('dlv_%042d', i), 'src_1', 'dst_1', iif(i % 2, 'delivered', 'dead'), 1, NULL, 0, '[]', 0, 0 FROM n`,
    ).run();
    const rules = [
      { type: "dead_letters" },
      { type: "success_rate", below: 0.5 },
      { type: "circuit_open" },
      { type: "oldest_message", older_than_seconds: 1 },
      { type: "backlog", threshold: 1 },
    ].map(spec);
    let rows = 0;
    const db = {
      prepare: (sql: string) => env.DB.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        const results = await env.DB.batch(statements);
        rows += results.reduce((sum, result) => sum + result.meta.rows_read, 0);
        return results;
      },
    } as unknown as D1Database;
    await readForAlerts(db, rules, LIMIT, at);
    expect(rows).toBeLessThan(50);
  });
});
