// One event: its deliveries with their attempts, the request as received beside the request as sent, and actions.
import type { Hono } from "hono";
import type { Child } from "hono/jsx";
import type { Api } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { DeliveryCard } from "../components/delivery.tsx";
import { Inert, inertText } from "../components/inert.tsx";
import { readHead } from "../components/payload.tsx";
import { requestLine } from "../components/request-line.ts";
import { Facts } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import type {
  ConnectionShape,
  DeliveryDetail,
  DeliveryShape,
  DestinationShape,
  EventDetail,
  EventShape,
  SentShape,
  SourceShape,
} from "../shapes.ts";
import { Curl, Received, Sent } from "./event-requests.tsx";

/** How many deliveries of an event are shown; the latest, because replays add more. */
const SHOWN_DELIVERIES = 10;

const MAX_TITLE = 100;

const isRecorded = (event: EventDetail): event is EventDetail & EventShape => event.method !== undefined;

/** Its type, or else the beginning of its request line. */
function titleOf(event: EventDetail): string {
  if (!isRecorded(event)) return "Event";
  const line = requestLine(event);
  return inertText(event.event_type ?? (line.length > MAX_TITLE ? `${line.slice(0, MAX_TITLE)}…` : line));
}

/** The latest deliveries; the one that the page was opened for; and the one whose request is shown: else one that failed. */
function choose(c: Ctx, all: readonly DeliveryShape[]) {
  const asked = all.find(({ id }) => id === c.req.query("delivery"));
  const latest = all.toReversed().slice(0, SHOWN_DELIVERIES);
  const shown = asked === undefined || latest.includes(asked) ? latest : [...latest.slice(0, -1), asked];
  const chosen =
    asked ??
    shown.find(({ status }) => status === "dead" || status === "retrying") ??
    shown.find(({ attempts_made }) => attempts_made > 0) ??
    shown[0] ??
    null;
  return { shown, asked: asked ?? null, chosen, more: all.length - shown.length };
}

/** The destinations of deliveries that wait, as they are configured now, by slug. */
async function destinationsOf(
  api: Api,
  shown: readonly DeliveryShape[],
): Promise<ReadonlyMap<string, DestinationShape>> {
  const waiting = shown.filter(({ status }) => !["delivered", "dead", "cancelled"].includes(status));
  const slugs = new Set(waiting.flatMap(({ destination_slug: slug }) => (slug === null ? [] : [slug])));
  const found = await Promise.all(
    [...slugs].map(async (slug) => [slug, await api.find<DestinationShape>(`/destinations/${slug}`)] as const),
  );
  return new Map(found.flatMap(([slug, destination]) => (destination === null ? [] : [[slug, destination] as const])));
}

/** The connections of deliveries whose destination gets the event more than once: names by id. */
async function connectionsOf(
  api: Api,
  all: readonly DeliveryShape[],
  shown: readonly DeliveryShape[],
): Promise<ReadonlyMap<string, string>> {
  const isAlike = (one: DeliveryShape): boolean =>
    all.some((other) => other !== one && other.destination === one.destination);
  const ids = new Set(shown.filter(isAlike).flatMap(({ connection_id: id }) => (id === null ? [] : [id])));
  const named = [...ids].map(async (id) => {
    const connection = await api.find<ConnectionShape>(`/connections/${id}`);
    return [id, connection?.name ?? id] as const;
  });
  return new Map(await Promise.all(named));
}

async function show(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const id = c.req.param("id") ?? "";
  const event = await api.get<EventDetail>(`/events/${encodeURIComponent(id)}`);
  const { shown, asked, chosen, more } = choose(c, event.deliveries);
  const [details, body, source, destinations, connections, sent] = await Promise.all([
    Promise.all(shown.map((delivery) => api.find<DeliveryDetail>(`/deliveries/${delivery.id}`))),
    isRecorded(event) && event.body_bytes > 0 ? api.raw(`/events/${event.id}/body`) : null,
    event.source_slug == null ? null : api.find<SourceShape>(`/sources/${event.source_slug}`),
    destinationsOf(api, shown),
    connectionsOf(api, event.deliveries, shown),
    chosen === null ? null : api.find<SentShape>(`/deliveries/${chosen.id}/request`),
  ]);
  const head = body?.ok === true ? await readHead(body.body) : { bytes: new Uint8Array(), complete: true };
  const state = event.duplicate_of == null ? event.status : "duplicate";
  return page(
    c,
    {
      title: titleOf(event),
      room: asked === null ? "events" : "deliveries",
      trail: asked === null ? [["Events", "/events"]] : [["Deliveries", "/deliveries"]],
      live: true,
      actions: isRecorded(event) ? (
        <a class="button" href={`/events/${event.id}/replay`}>
          Replay to all<span class="visually-hidden"> connections that take it now</span>…
        </a>
      ) : undefined,
    },
    <>
      <div class="card" id="summary" data-live>
        <Facts
          of={[
            ["Status", <Badge status={state} />],
            ["Event", <code>{event.id}</code>],
            ["Received", <Time at={event.received_at} />],
            ...(isRecorded(event) ? facts(event) : []),
          ]}
        />
      </div>
      <section id="deliveries" data-live aria-labelledby="deliveries-title">
        <h2 id="deliveries-title">Deliveries</h2>
        <Why event={event} />
        {shown.length > 0 && (
          <p class="hint">
            <b>Retry now</b> makes the next attempt of a delivery due at once; of a dead one it also begins the retry
            schedule again. A pace or an open circuit still holds it. <b>Replay</b> makes a new delivery: a page shows
            it before anything is sent.
          </p>
        )}
        {shown.map((delivery, index) => (
          <DeliveryCard
            c={c}
            delivery={delivery}
            attempts={details[index]?.attempts ?? null}
            destination={destinations.get(delivery.destination_slug ?? "") ?? null}
            over={connections.get(delivery.connection_id ?? "") ?? null}
            received={delivery.replay_id === null ? event.received_at : delivery.created_at}
            chosen={delivery === asked}
          />
        ))}
        {more > 0 && <p class="muted">{more} older deliveries of this event are not shown.</p>}
      </section>
      <div class="pair">
        <div id="received" data-live>
          {isRecorded(event) && <Received event={event} head={head} lost={body?.ok === false} />}
        </div>
        <div id="sent" data-live>
          {isRecorded(event) && sent !== null && chosen !== null && (
            <Sent c={c} event={event} sent={sent} shown={shown} chosen={chosen} connections={connections} />
          )}
        </div>
      </div>
      <div id="again" data-live>
        {isRecorded(event) && source !== null && body?.ok !== false && (
          <Curl event={event} head={head} source={source} />
        )}
      </div>
    </>,
  );
}

const facts = (event: EventShape): readonly [string, Child][] => [
  ["Type", event.event_type === null ? "none" : <Inert text={event.event_type} />],
  [
    "Request",
    <code>
      <Inert text={requestLine(event)} max={300} />
    </code>,
  ],
  [
    "Source",
    event.source_slug === null ? (
      <Inert text={event.source ?? "published through the API"} />
    ) : (
      <a href={`/sources/${event.source_slug}`}>{event.source_slug}</a>
    ),
  ],
  [
    "Verification",
    event.verified === null
      ? "not configured"
      : event.verified
        ? "passed"
        : "failed (the source keeps unverified requests)",
  ],
  ...(event.duplicate_of === null
    ? []
    : ([["Duplicate of", <a href={`/events/${event.duplicate_of}`}>{event.duplicate_of}</a>]] as readonly [
        string,
        Child,
      ][])),
  ...(event.deliver_at === null
    ? []
    : ([["Deliver at", <Time at={event.deliver_at} />]] as readonly [string, Child][])),
];

/** Why an event has no deliveries. */
const Why = ({ event }: { event: EventDetail }) => (
  <>
    {event.removed_early === true && (
      <p>It is not on record: what had ended of its time was removed early, because the database was filling up.</p>
    )}
    {event.status === "accepted" && <p class="muted">Stored in the queue. The first attempt follows.</p>}
    {event.status === "ignored" && event.duplicate_of == null && (
      <p>
        No connection took this event.{" "}
        {event.ignored_by.map((ignored) => (
          <span>
            {ignored.connection === null ? (
              "The source has no connection. "
            ) : (
              <>
                <a href={`/connections/${ignored.connection}`}>{ignored.connection}</a>: {ignored.reason}{" "}
                <Inert text={ignored.failed_clause ?? ""} max={300} />{" "}
              </>
            )}
          </span>
        ))}
      </p>
    )}
  </>
);

export function mountEvent(app: Hono<DashEnv>): void {
  app.get("/events/:id", (c) => show(c));
}
