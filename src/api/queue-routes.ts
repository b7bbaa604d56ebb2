// The backlog of each queue, dead letters, the size of the database, and what was set aside because it cannot be recorded. Six calls to the platform
// and three bounded queries.
import type { Hono } from "hono";
import { MAX_COUNTED_DEAD, MAX_NAMED_ASIDE } from "../config/record-limits.ts";
import { toInstantOrNull } from "../kernel/clock.ts";
import { ASIDE_PREFIX, asideTime } from "../model/pending-key.ts";
import { levelOf, SHED_MARK } from "../model/watermarks.ts";
import { describeError } from "../telemetry/index.ts";
import { countAllDead, databaseBytes, readMark } from "../store/index.ts";
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

/** Null where R2 does not answer. */
async function listAside({ bodies, log }: Pick<ApiDeps, "bodies" | "log">): Promise<Named<"Queues">["set_aside"]> {
  // Without a bucket nothing is set aside.
  const bucket = bodies as R2Bucket | undefined;
  try {
    const page = await bucket?.list({ prefix: ASIDE_PREFIX, limit: MAX_NAMED_ASIDE });
    const objects = page?.objects.map(({ key }) => ({ key, at: toInstantOrNull(asideTime(key)) })) ?? [];
    return { objects, more: page?.truncated === true };
  } catch (error) {
    log.error("set-aside objects not listed", { error: describeError(error) });
    return null;
  }
}

export function mountQueues(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/queues", async (c) => {
    const { watermarks, retentionMs } = deps.settings;
    const [backlogs, deadLetters, bytes, shedBefore, setAside] = await Promise.all([
      deps.backlogs(),
      countAllDead(deps.databases()),
      fullest(deps.databases()),
      latest(deps.databases()),
      listAside(deps),
    ]);
    return c.json<Named<"Queues">>({
      queues: backlogs.map(({ name, backlog_count, backlog_bytes, oldest_at }) => ({
        name,
        backlog_count,
        backlog_bytes,
        oldest_message_at: toInstantOrNull(oldest_at),
      })),
      dead_letters: Math.min(MAX_COUNTED_DEAD, deadLetters),
      database: {
        size_bytes: bytes,
        max_bytes: watermarks.limitBytes,
        level: levelOf(bytes, watermarks),
        // Older history has gone by retention.
        shed_before: toInstantOrNull(shedBefore !== null && shedBefore > deps.now() - retentionMs ? shedBefore : null),
      },
      set_aside: setAside,
    });
  });
}
