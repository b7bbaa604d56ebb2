// The input of a bulk replay: the filters of the list of deliveries, and a pace.
import type { Context } from "hono";
import * as z from "zod";
import { DEFAULT_REPLAY_RATE, MAX_REPLAY_RATE } from "../config/record-limits.ts";
import { findNamedIn } from "../management/index.ts";
import { isEventId, type ConnectionId, type DestinationId, type SourceId } from "../model/ids.ts";
import { REPLAYABLE, type ReplayFilter } from "../model/replay.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import { causeSchema, flagQuery, instantSchema, jsonBody, typeSchema } from "./query.ts";
import type { Kind } from "../store/index.ts";

const name = z.string().min(1).max(128).optional();
const filterFields = {
  status: z.enum(REPLAYABLE).optional(),
  source: name,
  destination: name,
  connection: name,
  event: z.string().refine(isEventId, "is not an event id").optional(),
  type: typeSchema,
  cause: causeSchema.optional(),
  from: instantSchema.optional(),
  to: instantSchema.optional(),
};

/** The filter's fields may be given at the top level, or in `filter` as in the answer. */
export const newReplaySchema = z.strictObject({
  ...filterFields,
  filter: z.strictObject(filterFields).optional(),
  rate_per_second: z.number().min(0.01).max(MAX_REPLAY_RATE).default(DEFAULT_REPLAY_RATE),
  dry_run: z.boolean().default(false),
});

export interface ReplayInput {
  readonly filter: ReplayFilter;
  readonly rate_per_second: number;
  readonly dry_run: boolean;
}

export async function replayInput(c: Context<ApiEnv>, deps: ApiDeps): Promise<ReplayInput> {
  const { filter, rate_per_second, dry_run, ...beside } = parse(newReplaySchema, await jsonBody(c));
  const [given, at] = filter === undefined ? [beside, ""] : [filter, "/filter"];
  if (filter !== undefined && Object.keys(beside).length > 0)
    throw invalid("/filter", "must contain all fields of the filter, or none");
  // An empty filter would replay everything, which is more likely a mistake.
  if (Object.keys(given).length === 0)
    throw invalid(at === "" ? "/" : at, "must name at least one field of the filter");
  if (given.from !== undefined && given.to !== undefined && given.from >= given.to)
    throw invalid(`${at}/to`, "must be after from");
  if (given.cause !== undefined && given.status !== "dead")
    throw invalid(`${at}/cause`, "can be given with the status dead only");
  const named = async (field: "source" | "destination" | "connection", kind: Kind): Promise<string | null> => {
    const text = given[field];
    if (text === undefined) return null;
    return (await findNamedIn(deps.db, kind, `${at}/${field}`, text)).id;
  };
  return {
    filter: {
      status: given.status ?? null,
      source_id: (await named("source", "sources")) as SourceId | null,
      destination_id: (await named("destination", "destinations")) as DestinationId | null,
      connection_id: (await named("connection", "connections")) as ConnectionId | null,
      event_id: given.event ?? null,
      event_type: given.type ?? null,
      cause: given.cause ?? null,
      from: given.from ?? null,
      to: given.to ?? null,
    },
    rate_per_second,
    dry_run: dry_run || flagQuery(c, "dry_run"),
  };
}
