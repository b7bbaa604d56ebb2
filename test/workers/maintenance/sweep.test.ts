// The sweep's jobs: linear in their backlog, each with its own time, resumed where they stopped.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { SWEEP_BUDGETS_MS } from "../../../src/config/record-limits.ts";
import { takeOverdue } from "../../../src/store/index.ts";
import { bodyKey, newEventDigits, type EventId } from "../../../src/model/ids.ts";
import { createRoute, createWorld, type World } from "../harness.ts";

const DAY_MS = 86_400_000;

interface Backlog {
  readonly count: number;
  readonly status: "deferred" | "held";
  readonly sourceId: string;
  readonly connectionId: string;
  readonly destinationId: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly nextAt: number | null;
}

/** Deliveries straight into D1, without events. */
async function insert({ count, status, sourceId, connectionId, destinationId, createdAt, nextAt }: Backlog) {
  const digits = newEventDigits(createdAt);
  await env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)
     INSERT INTO deliveries (id, source_id, connection_id, destination_id, status, attempts_made, next_attempt_at, deferrals, attempts,
       created_at, age_credit_ms)
     SELECT 'dlv_' || ?2 || printf('%019d', i), ?3, ?4, ?5, ?6, 0, ?7, 0, '[]', ?8, 0 FROM n`,
  )
    .bind(count, digits, sourceId, connectionId, destinationId, status, nextAt, createdAt)
    .run();
}

/** A world whose clock moves on by so much each time that a chunk has been put into a queue. */
async function setUp(backlog: Pick<Backlog, "count" | "status"> & { readonly ageMs?: number }, chunkMs = 0) {
  const world = createWorld();
  const route = await createRoute();
  const { overdue, released } = world.sweepPorts();
  const sendLater: typeof overdue.sendLater = async (messages) => {
    world.advance(chunkMs);
    await overdue.sendLater(messages);
  };
  await insert({
    ...backlog,
    sourceId: route.sourceId,
    connectionId: route.connectionIds[0] ?? "",
    destinationId: route.destinationIds[0] ?? "",
    createdAt: world.now() - (backlog.ageMs ?? 3_600_000),
    nextAt: backlog.status === "held" ? null : world.now() - 120_000,
  });
  const sweep = () =>
    world.sweep({
      overdue: { ...overdue, sendLater },
      released: { ...released, sendLater },
      ledger: { ...world.sweepPorts().ledger, piece: async () => ({ differing: [], lone: [], stoppedAt: null }) },
    });
  return { world, route, sweep };
}

const taken = (world: World): number => world.queued.splice(0).length;

beforeEach(async () => {
  await env.DB.batch(["deliveries", "events", "marks"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
});

it("the jobs of a sweep end before the next one begins", () => {
  const budgets = Object.values(SWEEP_BUDGETS_MS);
  expect(budgets.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(60_000);
});

describe("overdue deliveries", () => {
  it("are all requeued in one sweep [G2]", async () => {
    const { world, sweep } = await setUp({ count: 6_000, status: "deferred" });
    await sweep();
    expect(taken(world)).toBe(6_000);
  });

  it("cost as many reads as there are, also when all are due at the same instant", async () => {
    const { world } = await setUp({ count: 6_000, status: "deferred" });
    let rowsRead = 0;
    const counting = {
      prepare: (sql: string) => ({
        bind: (...values: unknown[]) => {
          const all = async () => {
            const result = await env.DB.prepare(sql)
              .bind(...values)
              .all();
            rowsRead += result.meta.rows_read;
            return result;
          };
          return { all, first: async () => (await all()).results[0] ?? null };
        },
      }),
    } as unknown as D1Database;
    const pass = async (): Promise<number> => {
      rowsRead = 0;
      for (let after: Parameters<typeof takeOverdue>[4] | null = [0, "", "", ""]; after !== null;) {
        const page: Awaited<ReturnType<typeof takeOverdue>> = await takeOverdue(
          counting,
          world.now(),
          60_000,
          600_000,
          after,
        );
        after = page.next;
      }
      return rowsRead / 6_000;
    };
    expect(await pass()).toBeLessThan(6);
    // All of them have been requeued now.
    expect(await pass()).toBeLessThan(3);
  });

  it("are requeued once in ten minutes", async () => {
    const { world, sweep } = await setUp({ count: 3, status: "deferred" });
    const requeued: number[] = [];
    for (let minute = 0; minute < 12; minute++) {
      await sweep();
      requeued.push(taken(world));
      world.advance(60_000);
    }
    expect(requeued).toEqual([3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0]);
  });

  it("that a sweep had no time for are taken by the next one, from where it stopped", async () => {
    const { world, sweep } = await setUp({ count: 2_200, status: "deferred" }, SWEEP_BUDGETS_MS.overdue / 2);
    const requeued: number[] = [];
    for (let n = 0; n < 4; n++) {
      await sweep();
      requeued.push(taken(world));
    }
    expect(requeued).toEqual([1_000, 1_000, 200, 0]);
  });
});

describe("held deliveries", () => {
  it("are released when their pause ends, and those of paused destinations and connections stay", async () => {
    const { world, route, sweep } = await setUp({ count: 700, status: "held" });
    const paused = await createRoute([{}, {}]);
    const common = {
      count: 600,
      status: "held",
      sourceId: paused.sourceId,
      createdAt: world.now() - 3_600_000,
      nextAt: null,
    } as const;
    for (const n of [0, 1])
      await insert({
        ...common,
        connectionId: paused.connectionIds[n] ?? "",
        destinationId: paused.destinationIds[n] ?? "",
      });
    const pause = (table: string, id: string | undefined, value: number) =>
      env.DB.prepare(`UPDATE ${table} SET paused = ? WHERE id = ?`).bind(value, id).run();
    await pause("destinations", paused.destinationIds[0], 1);
    await pause("connections", paused.connectionIds[1], 1);
    await sweep();
    const due = world.queued.splice(0).map(({ message }) => ("id" in message ? message.id : ""));
    const rows = await world.deliveries();
    const released = rows.filter(({ id }) => due.includes(String(id)));
    expect(new Set(released.map(({ source_id }) => source_id))).toEqual(new Set([route.sourceId]));
    expect(due).toHaveLength(700);
    await pause("destinations", paused.destinationIds[0], 0);
    await pause("connections", paused.connectionIds[1], 0);
    await sweep();
    expect(taken(world)).toBe(1_200);
  });
});

describe("a job that does not come to its end", () => {
  it("leaves the others their time [G7]", async () => {
    const { world } = await setUp({ count: 3, status: "deferred" });
    const { outbox } = world.sweepPorts();
    let n = 0;
    const endless: typeof outbox.take = async () => {
      world.advance(1_000);
      return [{ id: `evt_${n++}`, resends: 1, entry: { ok: false, error: "broken" } }];
    };
    await world.sweep({ outbox: { ...outbox, take: endless, deadLetter: async () => undefined } });
    expect(n).toBe(SWEEP_BUDGETS_MS.outbox / 1_000);
    expect(taken(world)).toBe(3);
  });
});

describe("retention", () => {
  it("passes over old deliveries that are still open, and goes on where it had no time for more [G2]", async () => {
    const { world, route } = await setUp({ count: 700, status: "held", ageMs: 20 * DAY_MS });
    await env.DB.prepare("UPDATE destinations SET paused = 1 WHERE id = ?").bind(route.destinationIds[0]).run();
    await env.DB.prepare(
      "UPDATE deliveries SET status = 'delivered', finished_at = created_at WHERE substr(id, -1) <> '0'",
    ).run();
    const { retention } = world.sweepPorts();
    const slow = {
      ...retention,
      pruneDeliveries: async (...position: Parameters<typeof retention.pruneDeliveries>) => {
        world.advance(SWEEP_BUDGETS_MS.pruned);
        return retention.pruneDeliveries(...position);
      },
    };
    const left: number[] = [];
    for (let n = 0; n < 2; n++) {
      await world.sweep({ retention: slow });
      left.push((await world.deliveries()).length);
    }
    expect(left).toEqual([200, 70]);
  });
});

describe("bodies in R2 that nothing names", () => {
  const id = (world: World, daysAgo: number): EventId =>
    `evt_${newEventDigits(world.now() - daysAgo * DAY_MS)}${"0".repeat(9)}` as EventId;
  const keys = async (): Promise<string[]> =>
    (await env.BODIES.list({ prefix: "bodies/" })).objects.map(({ key }) => key);

  beforeEach(async () => {
    for (const key of await keys()) await env.BODIES.delete(key);
  });

  it("go when their day is past retention and past the time that queues keep messages; others stay [G2]", async () => {
    const world = createWorld();
    const [orphan, former, named, journaled, recent] = [
      id(world, 16),
      id(world, 17),
      id(world, 18),
      id(world, 19),
      id(world, 13),
    ];
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO events (id, received_at, method, path, query, headers, body_encoding, body_key, body_bytes, matched)
         VALUES (?1, 0, 'POST', '', '', '[]', 'r2', ?2, 1, 1)`,
      ).bind(named, bodyKey(named)),
      // Keeps the event from retention.
      env.DB.prepare(
        `INSERT INTO deliveries (id, status, attempts_made, deferrals, attempts, created_at, age_credit_ms)
         VALUES ('dlv_' || substr(?1, 5) || '0000000001', 'held', 0, 0, '[]', 0, 0)`,
      ).bind(named),
      env.DB.prepare(
        "INSERT INTO outbox (id, event, body, body_encoding, resend_at, resends) VALUES (?1, '{}', ?2, 'r2', 9e15, 0)",
      ).bind(journaled, bodyKey(journaled)),
    ]);
    const kept = [bodyKey(named), bodyKey(journaled), bodyKey(recent)];
    for (const key of [bodyKey(orphan), `bodies/${former}`, ...kept]) await env.BODIES.put(key, "x");
    await world.sweep();
    expect(new Set(await keys())).toEqual(new Set(kept));
  });

  it("are looked for once an hour", async () => {
    const world = createWorld();
    await world.sweep();
    await env.BODIES.put(bodyKey(id(world, 16)), "x");
    await world.sweep();
    expect(await keys()).toHaveLength(1);
    world.advance(3_600_000);
    await world.sweep();
    expect(await keys()).toEqual([]);
  });
});
