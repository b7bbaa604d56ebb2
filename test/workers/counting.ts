// Counts the rows that D1 writes for what a test's world does.
import { env } from "cloudflare:workers";
import { takeDue } from "../../src/store/index.ts";
import { recordPorts } from "../../src/worker/ports/record.ts";
import type { World } from "./harness.ts";

/** Consumers record over this database. */
export function recordOver(world: World, db: D1Database): void {
  const { settings, log } = world.runtime;
  const { writer } = recordPorts({ DB: db, BODIES: env.BODIES }, settings.watermarks, log, world.now);
  world.replace("write", () => writer.write);
}

/** From now on. @returns the rows written so far for claims and records of deliveries */
export function countRowsWritten(world: World): () => number {
  let rows = 0;
  const counting = new Proxy(env.DB, {
    get: (db, name) =>
      name === "batch"
        ? async (statements: D1PreparedStatement[]) => {
            const results = await db.batch(statements);
            rows += results.reduce((sum, result) => sum + result.meta.rows_written, 0);
            return results;
          }
        : (Reflect.get(db, name) as (...args: unknown[]) => unknown).bind(db),
  });
  world.replace("takeDue", () => (ids, holdMs) => takeDue(counting, ids, world.now(), holdMs));
  recordOver(world, counting);
  return () => rows;
}
