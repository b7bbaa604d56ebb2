// What happens as the record's database fills up: a real D1 with a limit of 20 MB.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { SHED_CHUNK_EVENTS } from "../../../src/config/record-limits.ts";
import { toBase64 } from "../../../src/kernel/bytes.ts";
import { alertSpecSchema, NEW_ALERT_STATE } from "../../../src/model/alert.ts";
import { idTime, newAlertId, type EventId } from "../../../src/model/ids.ts";
import { levelOf, SHED_MARK } from "../../../src/model/watermarks.ts";
import { createWriter } from "../../../src/record/index.ts";
import { configPlace } from "../../../src/signing/index.ts";
import { insertAlert } from "../../../src/store/alerts.ts";
import { databaseBytes, ledgerPiece, readMark, recordTables, shedChunk } from "../../../src/store/index.ts";
import { watch } from "../../../src/worker/ports/alerts.ts";
import { ingest } from "../../../src/worker/ports/ingest.ts";
import { createClient } from "../api/harness.ts";
import { auditEntry, createRoute, createWorld, type World } from "../harness.ts";
import { recordAsOlderRelease } from "../older-release.ts";
import { clear, timesOnRecord } from "./harness.ts";

const LIMIT_BYTES = 20_000_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

beforeEach(async () => {
  await clear();
  await env.DB.batch(["marks", "alerts"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
  await env.ROUTES.delete("record/full");
});

const startWorld = (): World => createWorld({ vars: { RECORD_LIMIT_MB: "20" } });

/** Records by the batch, without R2: payloads fill D1. */
function recordByBatch(world: World): void {
  const writer = createWriter({
    now: world.now,
    random: Math.random,
    tables: recordTables(env.DB, world.now),
    limitBytes: LIMIT_BYTES,
    payloads: null,
    batchName: () => "",
    report: () => undefined,
  });
  world.replace("write", () => writer.write);
}

/** Text that cannot be compressed much. */
const text = (length: number): string =>
  toBase64(crypto.getRandomValues(new Uint8Array(Math.ceil((length * 3) / 4)))).slice(0, length);

/** Handles all that is due. */
async function turnAll(world: World): Promise<void> {
  while ((await world.turn()).length > 0);
}

const share = async (): Promise<number> => (await databaseBytes(env.DB)) / LIMIT_BYTES;

/** Alerts at the three steps. @returns a check of them, and the steps whose alert has opened */
async function createAlerts(world: World) {
  for (const percent of [70, 85, 95]) {
    const id = newAlertId(world.now());
    const sealed = await world.runtime.vault.seal("https://ops.example.com/hook", configPlace(id, "target/url"));
    if (!sealed.ok) throw new Error("no master key");
    const target = { type: "webhook", url: sealed.value, host: "ops.example.com" };
    const spec = alertSpecSchema.parse({ name: `${percent}`, target, rule: { type: "storage", percent } });
    const state = JSON.stringify(NEW_ALERT_STATE);
    const row = { id, spec: JSON.stringify(spec), state, revision: 0, created_at: 0, updated_at: 0 };
    await insertAlert(env.DB, row, auditEntry(world.now()));
  }
  const opened = new Set<string>();
  const watchAlerts = (): Promise<number> =>
    watch(world.runtime, {
      send: async ({ body }) => {
        const sent = body?.kind === "inline" ? new TextDecoder().decode(body.bytes) : "";
        const { type, data } = JSON.parse(sent) as { type: string; data: { alert: { name: string } } };
        if (type === "alert.opened") opened.add(data.alert.name);
        return { status: 200, headers: {}, error: null, excerpt: "", durationMs: 1 };
      },
    });
  return { opened, watchAlerts };
}

const queues = async (world: World) =>
  (await createClient({ settings: world.runtime.settings, now: world.now }).call("GET", "/queues")).json.database;

describe("a database of 20 MB under load [G13]", () => {
  for (const [how, prepare] of [
    ["in rows by an earlier release", recordAsOlderRelease],
    ["by the batch", recordByBatch],
  ] as const)
    it(`loses nothing, alerts, sheds the oldest, and intake goes on, recorded ${how}`, async () => {
      const world = startWorld();
      prepare(world);
      const { opened, watchAlerts } = await createAlerts(world);
      const { slug } = await createRoute([{ retry: { schedule_seconds: [] } }]);
      const waiting = await createRoute([{ connection: { delay_seconds: 10 * 86_400 } }]);
      const replies = new Map<string, number>();
      world.onRequest(() => ({ status: world.requests.length % 5 === 0 ? 500 : 200 }));
      const posted: EventId[] = [];
      const held: EventId[] = [];
      const shares: number[] = [];
      for (let minute = 0; minute < 40; minute++) {
        // A post that is refused throws.
        for (let n = 0; n < 40; n++) posted.push(await world.post(slug, { body: text(20_000) }));
        if (minute % 5 === 0) held.push(await world.post(waiting.slug, { body: text(8_000) }));
        await turnAll(world);
        await world.sweep({ watchAlerts });
        shares.push(await share());
        world.advance(MINUTE_MS);
      }
      for (const { headers } of world.requests) {
        const id = headers.find(([name]) => name.toLowerCase() === "webhook-id")?.[1] ?? "";
        replies.set(id, (replies.get(id) ?? 0) + 1);
      }
      expect(posted.filter((id) => replies.get(id) !== 1)).toEqual([]);

      expect(Math.max(...shares)).toBeLessThan(0.85);
      expect(shares.at(-1)).toBeGreaterThan(0.75);
      expect([...opened].sort((a, b) => Number(a) - Number(b))).toEqual(["70", "85"]);

      const left = await timesOnRecord();
      expect(held.filter((id) => !left.has(id))).toEqual([]);
      const kept = posted.filter((id) => left.has(id)).map(idTime);
      const gone = posted.filter((id) => !left.has(id)).map(idTime);
      expect(gone.length).toBeGreaterThan(500);
      expect(Math.max(...gone)).toBeLessThanOrEqual(Math.min(...kept));
      const { level, shed_before: shedBefore } = await queues(world);
      expect(level).toBe("high");
      const { settings, ids } = world.runtime;
      const { call } = createClient({ settings, now: world.now, provesEventId: ids.proves });
      const [oldest = ""] = posted;
      expect((await call("GET", `/events/${oldest}`)).json).toMatchObject({
        id: oldest,
        status: "accepted",
        removed_early: true,
        deliveries: [],
      });
      for (const [method, path] of [
        ["GET", "body"],
        ["POST", "replay"],
      ] as const)
        expect(await call(method, `/events/${oldest}/${path}`)).toMatchObject({
          status: 404,
          json: { code: "not_found" },
        });
      const fresh = await world.post(slug, { body: "x" });
      expect((await call("GET", `/events/${fresh}`)).json.status).toBe("accepted");
      posted.push(fresh);
      await turnAll(world);
      expect(Date.parse(shedBefore ?? "")).toBeGreaterThanOrEqual(Math.max(...gone));

      world.onRequest(() => ({ status: 200 }));
      world.advance(10 * DAY_MS);
      await world.drain();
      expect(world.requests).toHaveLength(posted.length + held.length);
    });

  it("answers 429 once deliveries that wait fill it, leaves events in their queue, and goes on when there is room", async () => {
    const world = startWorld();
    recordByBatch(world);
    const { opened, watchAlerts } = await createAlerts(world);
    const { slug } = await createRoute([{ connection: { delay_seconds: 86_400 } }]);
    const body = text(8_000);
    while ((await share()) < 0.95) {
      await world.postMany(slug, 40, { body });
      await turnAll(world);
      world.advance(MINUTE_MS);
    }
    const accepted = (await timesOnRecord()).size;
    const late = await world.post(slug, { body: "late" });
    await world.sweep({ watchAlerts });
    expect(await queues(world)).toMatchObject({ level: "full", max_bytes: LIMIT_BYTES, shed_before: null });
    expect([...opened]).toHaveLength(3);

    const [message] = await world.turn();
    expect([message?.settled, message?.calls]).toEqual(["retry", 1]);
    expect((await timesOnRecord()).has(late)).toBe(false);
    world.advance(MINUTE_MS);
    const request = new Request(`https://edge.test/in/${slug}`, { method: "POST", body: "refused" });
    const answer = await ingest(
      request,
      world.runtime,
      { waitUntil: () => undefined },
      (_code, _detail, headers) => new Response(null, { status: 429, headers: headers ?? {} }),
    );
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(await world.accept(`/in/${slug}`, { body: "refused" })).toMatchObject({
      error: { reason: "backpressure", retryAfterSeconds: 60 },
    });

    world.advance(DAY_MS);
    for (let n = 0; world.requests.length < accepted && n < 100; n++) await world.turn();
    expect(world.queued.map(({ message }) => message.kind)).toEqual(["event"]);
    expect(world.requests).toHaveLength(accepted);
    await world.sweep({ watchAlerts });
    expect(levelOf(await databaseBytes(env.DB), world.runtime.settings.watermarks)).toBe("high");
    world.advance(MINUTE_MS);
    await world.post(slug, { body: "accepted again" });
    world.advance(2 * DAY_MS);
    await world.drain();
    expect(world.requests).toHaveLength(accepted + 2);
  });

  it("says nothing and removes nothing below its first mark, and only warns between the first and the second", async () => {
    const world = startWorld();
    recordByBatch(world);
    const { slug } = await createRoute();
    const body = text(8_000);
    const publishFull = async () => expect.fail("nothing has been full");
    const { watermarks } = world.sweepPorts();
    const sweep = () => world.sweep({ watermarks: { ...watermarks, publishFull } });
    let posted = 0;
    const levels: string[] = [];
    while ((await share()) < 0.82) {
      await world.postMany(slug, 40, { body });
      await turnAll(world);
      world.advance(30 * MINUTE_MS);
      await sweep();
      posted += 40;
      const { level } = await queues(world);
      if (level !== levels.at(-1)) levels.push(level);
    }
    expect(levels).toEqual(["ok", "high"]);
    expect((await timesOnRecord()).size).toBe(posted);
  });
});

describe("shedding rows", () => {
  it("takes events whole, leaves those with an open or a lost delivery and the last minutes' alone, and the ledger balances [G2]", async () => {
    const world = startWorld();
    recordAsOlderRelease(world);
    const both = await createRoute([{}, { connection: { delay_seconds: 86_400 } }]);
    const { slug } = await createRoute([{ retry: { schedule_seconds: [] } }, {}]);
    world.onRequest(() => ({ status: world.requests.length === 2 ? 500 : 200 }));
    const ended = await world.post(slug);
    await world.turn();
    const open = await world.post(both.slug);
    const lost = await world.post(slug);
    await world.turn();
    await env.DB.prepare("DELETE FROM deliveries WHERE id = (SELECT MAX(id) FROM deliveries WHERE id LIKE ?)")
      .bind(`dlv_${lost.slice(4)}%`)
      .run();
    world.advance(20 * MINUTE_MS);
    const young = await world.post(slug);
    await world.turn();
    Object.assign(world.runtime.settings.watermarks, { limitBytes: 1 });
    await world.sweep();
    expect([...(await timesOnRecord()).keys()].sort()).toEqual([open, lost, young].sort());
    expect((await world.deliveries()).some(({ id }) => id.startsWith(`dlv_${ended.slice(4)}`))).toBe(false);
    const { differing, lone } = await ledgerPiece(env.DB, 0, "evt_z", 100);
    expect([differing, lone]).toEqual([[], []]);
    expect(await readMark(env.DB, SHED_MARK)).toBe(world.now() - 15 * MINUTE_MS);
  });

  it("removes no event to which a replay adds a delivery meanwhile [G2]", async () => {
    const world = startWorld();
    recordAsOlderRelease(world);
    const { slug } = await createRoute();
    const id = await world.post(slug);
    await world.turn();
    const replayed = new Proxy(env.DB, {
      get: (target, name) =>
        name === "batch"
          ? async (statements: D1PreparedStatement[]) => {
              await env.DB.prepare("UPDATE deliveries SET status = 'pending', next_attempt_at = 0").run();
              return target.batch(statements);
            }
          : (Reflect.get(target, name) as () => unknown).bind(target),
    });
    const { events } = await shedChunk(replayed, world.now() + DAY_MS, "");
    expect(events).toBe(0);
    expect([...(await timesOnRecord()).keys()]).toEqual([id]);
    expect(await world.deliveries()).toHaveLength(1);
  });

  it("goes on where it had no time for more", async () => {
    const world = startWorld();
    recordAsOlderRelease(world);
    const { slug } = await createRoute();
    await world.postMany(slug, 3 * SHED_CHUNK_EVENTS);
    while (world.queued.length > 0) await world.turn();
    world.advance(30 * MINUTE_MS);
    Object.assign(world.runtime.settings.watermarks, { limitBytes: 1 });
    const { watermarks } = world.sweepPorts();
    const left: number[] = [];
    for (let n = 0; n < 3; n++) {
      await world.sweep({
        watermarks: {
          ...watermarks,
          shedChunk: async (...of) => {
            world.advance(MINUTE_MS);
            return watermarks.shedChunk(...of);
          },
        },
      });
      left.push((await timesOnRecord()).size);
    }
    expect(left).toEqual([2 * SHED_CHUNK_EVENTS, SHED_CHUNK_EVENTS, 0]);
  });
});
