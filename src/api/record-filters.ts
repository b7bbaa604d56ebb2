// The filters of events and deliveries, besides the range of time: the same for their lists and for their counts over time.
import type { Context } from "hono";
import * as z from "zod";
import { isLastError } from "../model/delivery.ts";
import { isEventId } from "../model/ids.ts";
import { EVENT_STATUSES, STATUS_FILTERS } from "../model/lifecycle.ts";
import { parse } from "../model/parse.ts";
import { invalid } from "../model/problem.ts";
import type { DeliveryFilter, EventFilter, KeyRange } from "../record/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { causeSchema, idQuery, typeSchema } from "./query.ts";

const statusSchema = z.enum(STATUS_FILTERS).optional();
const eventStatusSchema = z.enum(EVENT_STATUSES).optional();
const responseStatusSchema = z.coerce.number().int().min(100).max(599).optional();
const errorSchema = z
  .string()
  .max(200)
  .refine(isLastError, "begins with no reason for which a delivery fails")
  .optional();

type Given<T> = { readonly [K in keyof T]?: T[K] | undefined };
/** Without the fields that are not given. */
const given = <T extends object>(fields: Given<T>): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

/** @throws Problem `invalid` that names the parameter */
export async function eventFilter(
  c: Context<ApiEnv>,
  deps: ApiDeps,
): Promise<Omit<EventFilter, keyof KeyRange | "search">> {
  const status = parse(eventStatusSchema, c.req.query("status"), "/query/status");
  const event_type = parse(typeSchema, c.req.query("type"), "/query/type");
  return given({ source_id: await idQuery(c, deps, "source", "sources"), event_type, status });
}

/** @throws as `eventFilter` */
export async function deliveryFilter(c: Context<ApiEnv>, deps: ApiDeps): Promise<Omit<DeliveryFilter, keyof KeyRange>> {
  return given({
    status: parse(statusSchema, c.req.query("status"), "/query/status"),
    source_id: await idQuery(c, deps, "source", "sources"),
    destination_id: await idQuery(c, deps, "destination", "destinations"),
    connection_id: await idQuery(c, deps, "connection", "connections"),
    event_type: parse(typeSchema, c.req.query("type"), "/query/type"),
    response_status: parse(responseStatusSchema, c.req.query("response_status"), "/query/response_status"),
    error: parse(errorSchema, c.req.query("error"), "/query/error"),
    cause: parse(causeSchema.optional(), c.req.query("cause"), "/query/cause"),
  });
}

/** The range of keys, cut to the deliveries of the event that the query names. */
export function ofEvent(c: Context<ApiEnv>, range: KeyRange): KeyRange {
  const event = c.req.query("event");
  if (event === undefined) return range;
  if (!isEventId(event)) throw invalid("/query/event", "is not an event id");
  const first = `dlv_${event.slice(4)}`;
  const last = `${first}~`;
  return { from: first > range.from ? first : range.from, to: last < range.to ? last : range.to };
}
