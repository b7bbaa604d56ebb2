// The backlog of each queue and the size of the database. Five calls to the platform and one query; no table is read.
import type { Hono } from "hono";
import { MAX_DATABASE_BYTES } from "../config/record-limits.ts";
import { toInstantOrNull } from "../kernel/clock.ts";
import type { Named } from "./openapi/client-types.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";

/** The size of the database in bytes. Every query reports it, so the cheapest one is run. */
const databaseBytes = async (db: D1Database): Promise<number> => (await db.prepare("SELECT 1").run()).meta.size_after;

export function mountQueues(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/queues", async (c) => {
    const [backlogs, bytes] = await Promise.all([deps.backlogs(), databaseBytes(deps.db)]);
    return c.json<Named<"Queues">>({
      queues: backlogs.map(({ name, backlog_count, backlog_bytes, oldest_at }) => ({
        name,
        backlog_count,
        backlog_bytes,
        oldest_message_at: toInstantOrNull(oldest_at),
      })),
      database: { size_bytes: bytes, max_bytes: MAX_DATABASE_BYTES },
    });
  });
}
