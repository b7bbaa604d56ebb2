// Counts the rows that D1 writes for what a test's world does.
import { env } from "cloudflare:workers";
import { takeDue, write } from "../../src/store/index.ts";
import type { World } from "./harness.ts";

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
  world.replace("write", () => async (writes) => void (await write(counting, writes, world.now())));
  return () => rows;
}
