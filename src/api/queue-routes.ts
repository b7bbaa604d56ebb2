// The backlog of each queue and the size of the database. Five calls to the platform and two queries that read one row.
import type { Hono } from "hono";
import { toInstantOrNull } from "../kernel/clock.ts";
import { levelOf, SHED_MARK } from "../model/watermarks.ts";
import { databaseBytes, readMark } from "../store/index.ts";
import type { Named } from "./openapi/client-types.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";

/** The size of the fullest database in bytes. */
const fullest = async (databases: readonly D1Database[]): Promise<number> =>
  Math.max(...(await Promise.all(databases.map(databaseBytes))));

/** Up to when history has been removed early from any of them; null where it has not. */
async function latest(databases: readonly D1Database[]): Promise<number | null> {
  const marks = await Promise.all(databases.map((db) => readMark(db, SHED_MARK)));
  return marks.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);
}

export function mountQueues(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/queues", async (c) => {
    const { watermarks, retentionMs } = deps.settings;
    const [backlogs, bytes, shedBefore] = await Promise.all([
      deps.backlogs(),
      fullest(deps.databases()),
      latest(deps.databases()),
    ]);
    return c.json<Named<"Queues">>({
      queues: backlogs.map(({ name, backlog_count, backlog_bytes, oldest_at }) => ({
        name,
        backlog_count,
        backlog_bytes,
        oldest_message_at: toInstantOrNull(oldest_at),
      })),
      database: {
        size_bytes: bytes,
        max_bytes: watermarks.limitBytes,
        level: levelOf(bytes, watermarks),
        // Older history has gone by retention.
        shed_before: toInstantOrNull(shedBefore !== null && shedBefore > deps.now() - retentionMs ? shedBefore : null),
      },
    });
  });
}
