// `POST /events/{id}/replay`: delivers an event over the connections that take it now, or over one of them, whether it was delivered, ignored
// or a duplicate before.
import type { Context, Hono } from "hono";
import * as z from "zod";
import { presentWays, replayDelivery, type Way } from "../delivery/index.ts";
import type { SluiceEvent } from "../model/event.ts";
import { makeDeliveryId, newReplayId, replayDeliveryId, seededReplayId } from "../model/ids.ts";
import type { Ignored } from "../model/ignored.ts";
import { parse } from "../model/parse.ts";
import { Problem } from "../model/problem.ts";
import type { EventRecord } from "../record/index.ts";
import { findConfig, insertDeliveries, type RecordOf } from "../store/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { findNamedIn } from "../management/index.ts";
import { audited } from "./management.ts";
import { matchPorts } from "./matching.ts";
import type { Named } from "./openapi/client-types.ts";
import { flagQuery, jsonBody } from "./query.ts";
import { enqueue, namedEvent, notOnRecord, showDeliveries } from "./record-routes.ts";
import { readContent } from "./recorded.ts";

const replaySchema = z.strictObject({ connection: z.string().optional() });
/** Connections that a refusal explains. */
const MAX_EXPLAINED = 5;

type Link = RecordOf<"connections">;

async function existing(deps: ApiDeps, { destination_id }: Way): Promise<boolean> {
  return destination_id.startsWith("callback_") || (await findConfig(deps.db, "destinations", destination_id)) !== null;
}

/** @throws Problem `nothing_matches`; `payload_unavailable` while the body cannot be read */
async function chooseWays(deps: ApiDeps, event: SluiceEvent, wanted: Link | null): Promise<readonly Way[]> {
  const ports = matchPorts(deps);
  const documents = await ports.presentRoutes(event.source_id === null ? [] : [event.source_id]);
  const found = await presentWays(event, documents.get(event.source_id ?? ""), ports);
  if (found === null) throw new Problem("payload_unavailable");
  const isWanted = (id: string | null): boolean => wanted === null || id === wanted.id;
  const ways: Way[] = [];
  for (const way of found.ways) if (isWanted(way.connection_id) && (await existing(deps, way))) ways.push(way);
  if (ways.length > 0) return ways;
  throw new Problem("nothing_matches", whyNothing(event, found.ignored, wanted));
}

function whyNothing(event: SluiceEvent, ignored: readonly Ignored[], wanted: Link | null): string {
  const named = ignored.filter(({ connection }) => connection !== null);
  const explained = named
    .filter(({ connection }) => wanted === null || connection === wanted.id)
    .slice(0, MAX_EXPLAINED)
    .map(({ connection, reason, failed_clause }) =>
      reason === "disabled" ? `${connection} is disabled` : `${connection} does not match (${failed_clause})`,
    );
  if (explained.length > 0) return `No connection takes this event now: ${explained.join("; ")}.`;
  if (event.options?.destinations !== undefined)
    return wanted === null
      ? "The destinations that the event was published to have been deleted."
      : "The event was published straight to destinations.";
  return wanted === null ? "The event's source has no connection." : "The connection is of another source.";
}

async function replay(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const record: EventRecord | null = await namedEvent(c, deps);
  if (record === null) throw await notOnRecord(c, deps);
  const isPlan = flagQuery(c, "dry_run");
  const { connection } = parse(replaySchema, await jsonBody(c));
  const wanted = connection === undefined ? null : await findNamedIn(deps.db, "connections", "/connection", connection);
  const { query, headers, body } = await readContent(deps, record);
  const event: SluiceEvent = { ...record.event, query, headers, body };
  const ways = await chooseWays(deps, event, wanted);
  const now = deps.now();
  if (isPlan) {
    c.set("isPlan", true);
    // Their ids are known once they are made: until then these stand for event and connection.
    const planned = ways.map((way) =>
      replayDelivery(event, way, makeDeliveryId(event.id, way.connection_id ?? way.destination_id), null, now),
    );
    return c.json<Named<"EventReplayPlan">>({ dry_run: true, data: await showDeliveries(deps, planned) });
  }
  const key = c.get("idempotency");
  const replayId = key === undefined ? newReplayId(now) : await seededReplayId(key.since, key.scope);
  const made = await Promise.all(
    ways.map(async (way) => {
      const id = await replayDeliveryId(replayId, event.id, way.connection_id ?? way.destination_id);
      return replayDelivery(event, way, id, replayId, now);
    }),
  );
  const entry = audited(c, now, { action: "replay", kind: "event", resource_id: event.id });
  await insertDeliveries(deps.databaseOf(event.id), made, entry, record);
  await enqueue(
    deps,
    made.map(({ id }) => id),
    "replays",
  );
  return c.json({ data: await showDeliveries(deps, made) }, 202);
}

export function mountReplayEvent(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.post("/events/:id/replay", (c) => replay(c, deps));
}
