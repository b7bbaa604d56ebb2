// Events and deliveries: read, list, retry, cancel, replay; the health of a destination.
import type { Context, Hono } from "hono";
import { z } from "zod";
import { toInstant } from "../kernel/clock.ts";
import type { Delivery } from "../model/delivery.ts";
import {
  eventTime,
  isEventId,
  newReplayId,
  replayDeliveryId,
  seededReplayId,
  type DeliveryId,
  type EventId,
} from "../model/ids.ts";
import { DELIVERY_STATUSES, EVENT_STATUSES, eventStatus, isFinal } from "../model/lifecycle.ts";
import { describeError } from "../telemetry/index.ts";
import { audited } from "./management.ts";
import type { Audited } from "../management/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { readHealth } from "./health.ts";
import type { Named } from "./openapi/client-types.ts";
import { invalid, Problem } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import { idQuery, jsonBody, keyRange, pageAnswer, pageQuery } from "./query.ts";
import { findRecord, namedDelivery, readContent, readWhole } from "./recorded.ts";
import { attemptView, deliveryView, eventView } from "./views.ts";
import type { EventRecord } from "../record/index.ts";
import { findConfig, readSlugs, cancelDelivery, insertDeliveries, makeDue } from "../store/index.ts";

const deliveryStatusSchema = z.enum(DELIVERY_STATUSES).optional();
const searchSchema = z.string().min(2).max(200).optional();
const responseStatusSchema = z.coerce.number().int().min(100).max(599).optional();
const errorSchema = z.string().min(1).max(200).optional();
const eventStatusSchema = z.enum(EVENT_STATUSES).optional();
const replaySchema = z.strictObject({ connection: z.string().optional() });

export async function showDeliveries(deps: ApiDeps, deliveries: readonly Delivery[]): Promise<Named<"Delivery">[]> {
  const sources = await readSlugs(
    deps.db,
    "sources",
    deliveries.map((delivery) => delivery.source_id),
  );
  const destinations = await readSlugs(
    deps.db,
    "destinations",
    deliveries.map((delivery) => delivery.destination_id),
  );
  return deliveries.map((delivery) => deliveryView(delivery, sources, destinations));
}

const eventId = (c: Context<ApiEnv>): EventId => {
  const id = c.req.param("id") ?? "";
  if (!isEventId(id)) throw new Problem("not_found", "There is no such event.");
  return id;
};

/** The record; null while the event waits for its first attempt. @throws Problem `not_found` for an id that was never issued or has expired */
async function namedEvent(c: Context<ApiEnv>, deps: ApiDeps): Promise<EventRecord | null> {
  const id = eventId(c);
  const record = await findRecord(deps, id);
  if (record !== null) return record;
  const expired = eventTime(id) < deps.now() - deps.settings.retentionMs;
  if (expired || !(await deps.provesEventId(id))) throw new Problem("not_found", "There is no such event.");
  return null;
}

async function readEvent(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const record = await namedEvent(c, deps);
  if (record === null) {
    const id = eventId(c);
    return c.json<Named<"EventWithDeliveries">>({
      id,
      status: "accepted",
      received_at: toInstant(eventTime(id)),
      deliveries: [],
      ignored_by: [],
    });
  }
  const { event, deliveries, ignored } = record;
  const status = eventStatus(
    true,
    deliveries.map((delivery) => delivery.status),
  );
  const content = await readContent(deps, record);
  const view = eventView({ ...event, ...content }, status, await readSlugs(deps.db, "sources", [event.source_id]));
  return c.json<Named<"EventWithDeliveries">>({
    ...view,
    deliveries: await showDeliveries(deps, deliveries),
    ignored_by: [...ignored],
  });
}

/** The exact bytes. Never with the sender's content type: a page that a sender posted must not run on this origin. */
async function readBody(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const record = await namedEvent(c, deps);
  if (record === null) throw new Problem("event_not_recorded");
  const { id, body_bytes } = record.event;
  const { body: ref } = await readContent(deps, record);
  const stored = ref.kind === "r2" ? await deps.bodies.get(ref.key) : null;
  if (ref.kind === "r2" && stored === null) throw new Problem("not_found", "The body has expired.");
  return new Response(ref.kind === "inline" ? ref.bytes : stored?.body, {
    headers: {
      "content-type": "application/octet-stream",
      "content-length": String(body_bytes),
      "content-disposition": `attachment; filename="${id}"`,
    },
  });
}

/** A queue failure is no error to the client: the deliveries are recorded as due, and the sweep sends them to the queue. */
async function enqueue(deps: ApiDeps, ids: readonly DeliveryId[], lane: "deliveries" | "replays"): Promise<void> {
  await deps
    .enqueue(ids, lane)
    .catch((error: unknown) => deps.log.error("queue refused deliveries", { lane, error: describeError(error) }));
}
const onDelivery = (action: Audited["action"], { id }: Delivery): Audited => ({
  action,
  kind: "delivery",
  resource_id: id,
});

async function retry(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const { delivery } = await namedDelivery(deps, c.req.param("id") ?? "");
  if (delivery.status === "delivered" || delivery.status === "cancelled") {
    throw new Problem("delivery_final", `The delivery is ${delivery.status}. Replay its event to send it again.`);
  }
  const now = deps.now();
  const due = await makeDue(
    deps.databaseOf(delivery.id),
    delivery.id,
    now,
    audited(c, now, onDelivery("retry", delivery)),
  );
  if (due === null) throw new Problem("delivery_in_flight");
  await enqueue(deps, [due.id], "deliveries");
  return c.json((await showDeliveries(deps, [due]))[0] ?? {}, 202);
}

async function cancel(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const { delivery } = await namedDelivery(deps, c.req.param("id") ?? "");
  if (isFinal(delivery.status) && delivery.status !== "dead")
    throw new Problem("delivery_final", `The delivery is ${delivery.status}.`);
  const now = deps.now();
  const entry = audited(c, now, onDelivery("cancel", delivery));
  const cancelled = await cancelDelivery(deps.databaseOf(delivery.id), delivery.id, now, entry);
  if (cancelled === null) throw new Problem("delivery_in_flight");
  return c.json((await showDeliveries(deps, [cancelled]))[0] ?? {});
}

async function replay(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const record = await namedEvent(c, deps);
  if (record === null) throw new Problem("event_not_recorded");
  const { connection } = parse(replaySchema, await jsonBody(c));
  const wanted = connection === undefined ? null : await findConfig(deps.db, "connections", connection);
  if (connection !== undefined && wanted === null) throw invalid("/connection", "does not name an existing record");
  const now = deps.now();
  const { id } = record.event;
  // One for each connection that carried the event before, however often.
  const ways = new Map(
    record.deliveries.map((delivery) => [delivery.connection_id ?? delivery.destination_id, delivery]),
  );
  const chosen = [...ways.values()].filter(
    (delivery) => delivery.destination_id !== null && (wanted === null || delivery.connection_id === wanted.id),
  );
  if (wanted !== null && chosen.length === 0) throw invalid("/connection", "did not carry this event");
  const key = c.get("idempotency");
  const replayId = key === undefined ? newReplayId(now) : await seededReplayId(key.since, key.scope);
  const again = await Promise.all(
    chosen.map(async (delivery): Promise<Delivery> => ({
      ...delivery,
      id: await replayDeliveryId(replayId, id, delivery.connection_id ?? delivery.destination_id ?? ""),
      status: "pending",
      attempts_made: 0,
      next_attempt_at: now,
      deferred_by: null,
      deferrals: 0,
      last_response_status: null,
      last_error: null,
      attempts: [],
      created_at: now,
      finished_at: null,
      replay_id: replayId,
    })),
  );
  if (again.length > 0) {
    const replayed = { action: "replay", kind: "event", resource_id: id } as const;
    await insertDeliveries(deps.databaseOf(id), again, audited(c, now, replayed), record);
    await enqueue(
      deps,
      again.map((delivery) => delivery.id),
      "replays",
    );
  }
  return c.json({ data: await showDeliveries(deps, again) }, 202);
}

export function mountRecords(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/events", async (c) => {
    const { limit, before } = pageQuery(c);
    const status = parse(eventStatusSchema, c.req.query("status"), "/query/status");
    const search = parse(searchSchema, c.req.query("search"), "/query/search");
    const source_id = await idQuery(c, deps, "source", "sources");
    const found = await deps.record.events(
      {
        ...keyRange(c, "evt", before),
        ...(source_id === undefined ? {} : { source_id }),
        ...(status === undefined ? {} : { status }),
        ...(search === undefined ? {} : { search }),
      },
      limit,
    );
    if (!found.ok) throw new Problem("payload_unavailable");
    const page = found.value;
    const slugs = await readSlugs(
      deps.db,
      "sources",
      page.rows.map((row) => row.source_id),
    );
    const data = page.rows.map((row) => ({
      ...eventView(row, eventStatus(true, row.statuses), slugs),
      ...(row.incomplete ? { incomplete: true } : {}),
    }));
    return c.json(pageAnswer(c, data, page.next));
  });
  app.get("/events/:id", (c) => readEvent(c, deps));
  app.get("/events/:id/body", (c) => readBody(c, deps));
  app.post("/events/:id/replay", (c) => replay(c, deps));
  app.get("/deliveries", async (c) => {
    const { limit, before } = pageQuery(c);
    const status = parse(deliveryStatusSchema, c.req.query("status"), "/query/status");
    const source_id = await idQuery(c, deps, "source", "sources");
    const destination_id = await idQuery(c, deps, "destination", "destinations");
    const connection_id = await idQuery(c, deps, "connection", "connections");
    const response_status = parse(responseStatusSchema, c.req.query("response_status"), "/query/response_status");
    const error = parse(errorSchema, c.req.query("error"), "/query/error");
    const event = c.req.query("event");
    if (event !== undefined && !isEventId(event)) throw invalid("/query/event", "is not an event id");
    const range = keyRange(c, "dlv", before);
    const prefix = `dlv_${event?.slice(4)}`;
    const page = await deps.record.deliveries(
      {
        from: event !== undefined && prefix > range.from ? prefix : range.from,
        to: event !== undefined && `${prefix}~` < range.to ? `${prefix}~` : range.to,
        ...(status === undefined ? {} : { status }),
        ...(source_id === undefined ? {} : { source_id }),
        ...(destination_id === undefined ? {} : { destination_id }),
        ...(connection_id === undefined ? {} : { connection_id }),
        ...(response_status === undefined ? {} : { response_status }),
        ...(error === undefined ? {} : { error }),
      },
      limit,
    );
    return c.json(pageAnswer(c, await showDeliveries(deps, page.rows), page.next));
  });
  app.get("/deliveries/:id", async (c) => {
    const named = await namedDelivery(deps, c.req.param("id"));
    const { record } = named;
    const delivery = record === null ? named.delivery : await readWhole(deps, record, named.delivery);
    return c.json<Partial<Named<"DeliveryWithAttempts">>>({
      ...(await showDeliveries(deps, [delivery]))[0],
      attempts: delivery.attempts.map(attemptView),
    });
  });
  app.post("/deliveries/:id/retry", (c) => retry(c, deps));
  app.post("/deliveries/:id/cancel", (c) => cancel(c, deps));
  app.get("/destinations/:id/health", async (c) => c.json(await readHealth(deps, c.req.param("id"))));
}
