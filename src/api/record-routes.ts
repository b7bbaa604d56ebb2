// Events and deliveries: read, list, retry, cancel, replay; the health of a destination.
import type { Context, Hono } from "hono";
import * as z from "zod";
import { toInstant } from "../kernel/clock.ts";
import type { Delivery } from "../model/delivery.ts";
import { eventTime, isEventId, type DeliveryId, type EventId } from "../model/ids.ts";
import { eventStatus, isFinal } from "../model/lifecycle.ts";
import { describeError } from "../telemetry/index.ts";
import { audited } from "./management.ts";
import type { Audited } from "../management/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { readHealth } from "./health.ts";
import type { Named } from "./openapi/client-types.ts";
import { Problem } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import { flagQuery, keyRange, pageAnswer, pageQuery } from "./query.ts";
import { deliveryFilter, eventFilter, ofEvent } from "./record-filters.ts";
import { findRecord, namedDelivery, readContent, readWhole } from "./recorded.ts";
import { readSentRequest } from "./sent-request.ts";
import { attemptView, deliveryView, eventView } from "./views.ts";
import type { EventRecord } from "../record/index.ts";
import { SHED_MARK } from "../model/watermarks.ts";
import { readSlugs, slugsAhead, cancelDelivery, makeDue, readMark } from "../store/index.ts";

const searchSchema = z.string().min(2).max(200).optional();

/** @param read the slugs of these ids */
async function withSlugs(
  deliveries: readonly Delivery[],
  read: (kind: "sources" | "destinations", ids: readonly (string | null)[]) => Promise<ReadonlyMap<string, string>>,
): Promise<Named<"Delivery">[]> {
  const [sources, destinations] = await Promise.all([
    read(
      "sources",
      deliveries.map(({ source_id }) => source_id),
    ),
    read(
      "destinations",
      deliveries.map(({ destination_id }) => destination_id),
    ),
  ]);
  return deliveries.map((delivery) => deliveryView(delivery, sources, destinations));
}

export const showDeliveries = (
  { db }: Pick<ApiDeps, "db">,
  deliveries: readonly Delivery[],
): Promise<Named<"Delivery">[]> => withSlugs(deliveries, (kind, ids) => readSlugs(db, kind, ids));

const eventId = (c: Context<ApiEnv>): EventId => {
  const id = c.req.param("id") ?? "";
  if (!isEventId(id)) throw new Problem("not_found", "There is no such event.");
  return id;
};

/** The record; null while the event waits for its first attempt, or where it was removed early. @throws Problem `not_found` for an id that was never issued or has expired */
export async function namedEvent(c: Context<ApiEnv>, deps: ApiDeps): Promise<EventRecord | null> {
  const id = eventId(c);
  const record = await findRecord(deps, id);
  if (record !== null) return record;
  const expired = eventTime(id) < deps.now() - deps.settings.retentionMs;
  if (expired || !(await deps.provesEventId(id))) throw new Problem("not_found", "There is no such event.");
  return null;
}

/** Whether history from the time of an event that is not on record was removed to make room. */
async function isRemoved(deps: ApiDeps, id: EventId): Promise<boolean> {
  const before = await readMark(deps.databaseOf(id), SHED_MARK);
  return before !== null && eventTime(id) <= before;
}

/** Why an event that is not on record cannot be read or replayed. */
export const notOnRecord = async (c: Context<ApiEnv>, deps: ApiDeps): Promise<Problem> =>
  (await isRemoved(deps, eventId(c)))
    ? new Problem("not_found", "The event was removed before its time, because the database was filling up.")
    : new Problem("event_not_recorded");

async function readEvent(c: Context<ApiEnv>, deps: ApiDeps): Promise<Response> {
  const record = await namedEvent(c, deps);
  if (record === null) {
    const id = eventId(c);
    return c.json<Named<"EventWithDeliveries">>({
      id,
      status: "accepted",
      ...((await isRemoved(deps, id)) ? { removed_early: true } : {}),
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
  if (record === null) throw await notOnRecord(c, deps);
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
export async function enqueue(
  deps: ApiDeps,
  ids: readonly DeliveryId[],
  lane: "deliveries" | "replays",
): Promise<void> {
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

export function mountRecords(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/events", async (c) => {
    const { limit, before } = pageQuery(c);
    const search = parse(searchSchema, c.req.query("search"), "/query/search");
    const filter = { ...keyRange(c, "evt", before), ...(await eventFilter(c, deps)) };
    const slugsOf = slugsAhead(deps.db, "sources");
    const found = await deps.record.events(
      { ...filter, ...(search === undefined ? {} : { search }) },
      limit,
      flagQuery(c, "content", "true"),
    );
    if (!found.ok) throw new Problem("payload_unavailable");
    const page = found.value;
    const slugs = await slugsOf(page.rows.map((row) => row.source_id));
    const data = page.rows.map((row) => ({
      ...eventView(row, eventStatus(true, row.statuses), slugs),
      ...(row.incomplete ? { incomplete: true } : {}),
    }));
    return c.json(pageAnswer(c, data, page.next));
  });
  app.get("/events/:id", (c) => readEvent(c, deps));
  app.get("/events/:id/body", (c) => readBody(c, deps));
  app.get("/deliveries", async (c) => {
    const { limit, before } = pageQuery(c);
    const filter = { ...ofEvent(c, keyRange(c, "dlv", before)), ...(await deliveryFilter(c, deps)) };
    const slugsOf = { sources: slugsAhead(deps.db, "sources"), destinations: slugsAhead(deps.db, "destinations") };
    const page = await deps.record.deliveries(filter, limit);
    const data = await withSlugs(page.rows, (kind, ids) => slugsOf[kind](ids));
    return c.json(pageAnswer(c, data, page.next));
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
  app.get("/deliveries/:id/request", (c) => readSentRequest(c, deps));
  app.post("/deliveries/:id/retry", (c) => retry(c, deps));
  app.post("/deliveries/:id/cancel", (c) => cancel(c, deps));
  app.get("/destinations/:id/health", async (c) => c.json(await readHealth(deps, c.req.param("id"))));
}
