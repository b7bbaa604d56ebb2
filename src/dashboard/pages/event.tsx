// One event: the request, its deliveries with their attempts, and actions.
import type { Hono } from "hono";
import type { Child } from "hono/jsx";
import { isDeliveryId, isEventId, eventIdOf } from "../../model/ids.ts";
import { ApiProblem, type ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { ActionButton, confirmed } from "../components/confirm.tsx";
import { curlCommand } from "../components/curl.ts";
import { DeliveryCard } from "../components/delivery.tsx";
import { Copyable } from "../components/empty.tsx";
import { Inert } from "../components/inert.tsx";
import { bytes } from "../components/number.ts";
import { Payload, readHead, type Head } from "../components/payload.tsx";
import { requestLine } from "../components/request-line.ts";
import { Facts, Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import { localPath } from "../security.ts";
import type { DeliveryDetail, DeliveryShape, EventDetail, EventShape, SourceShape } from "../shapes.ts";

/** How many deliveries of an event are shown; the latest, because replays add more. */
const SHOWN_DELIVERIES = 10;

const isRecorded = (event: EventDetail): event is EventDetail & EventShape => event.method !== undefined;

async function show(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const id = c.req.param("id") ?? "";
  const event = await api.get<EventDetail>(`/events/${encodeURIComponent(id)}`);
  const deliveries = event.deliveries.toReversed();
  const shown = deliveries.slice(0, SHOWN_DELIVERIES);
  const [details, body, source] = await Promise.all([
    Promise.all(shown.map((delivery) => api.find<DeliveryDetail>(`/deliveries/${delivery.id}`))),
    isRecorded(event) && event.body_bytes > 0 ? api.raw(`/events/${event.id}/body`) : null,
    event.source_slug == null ? null : api.find<SourceShape>(`/sources/${event.source_slug}`),
  ]);
  const head = body?.ok === true ? await readHead(body.body) : { bytes: new Uint8Array(), complete: true };
  const state = event.duplicate_of == null ? event.status : "duplicate";
  return page(
    c,
    {
      title: isRecorded(event) ? requestLine(event) : "Event",
      room: "events",
      trail: [["Events", "/events"]],
      live: true,
      actions:
        deliveries.length > 0 ? (
          <ActionButton c={c} action={`/events/${event.id}/replay`} label="Replay to all" what="destinations" />
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
        <Deliveries c={c} event={event} shown={shown} details={details} more={deliveries.length - shown.length} />
      </section>
      <div id="request" data-live>
        {isRecorded(event) && <Request event={event} head={head} lost={body?.ok === false} source={source} />}
      </div>
    </>,
  );
}

const facts = (event: EventShape): readonly [string, Child][] => [
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

const Deliveries = ({
  c,
  event,
  shown,
  details,
  more,
}: {
  c: Ctx;
  event: EventDetail;
  shown: readonly DeliveryShape[];
  details: readonly (DeliveryDetail | null)[];
  more: number;
}) => (
  <>
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
    {shown.map((delivery, index) => (
      <DeliveryCard c={c} delivery={delivery} attempts={details[index]?.attempts ?? null} />
    ))}
    {more > 0 && <p class="muted">{more} older deliveries of this event are not shown.</p>}
  </>
);

const Request = ({
  event,
  head,
  lost,
  source,
}: {
  event: EventShape;
  head: Head;
  lost: boolean;
  source: SourceShape | null;
}) => (
  <section aria-labelledby="request-title">
    <h2 id="request-title">Request</h2>
    <div class="card">
      <h3>Body</h3>
      <p class="muted">
        <Inert text={event.content_type ?? "no content type"} max={200} /> · {bytes(event.body_bytes)}
      </p>
      {lost ? (
        <p class="muted">The body has expired.</p>
      ) : (
        <Payload head={head} total={event.body_bytes} download={`/events/${event.id}/body`} />
      )}
    </div>
    <div class="card">
      <h3>Headers</h3>
      <details id="headers-raw">
        <summary>As received</summary>
        <pre tabindex={0} role="region" aria-label="Headers, as received">
          {event.headers.map(([name, value]) => (
            <>
              <Inert text={`${name}: ${value}`} max={2_200} />
              {"\n"}
            </>
          ))}
        </pre>
      </details>
      <Table
        label="Headers"
        head={["Name", "Value"]}
        rows={event.headers.map(([name, value], index) => ({
          id: `header-${index}`,
          cells: [
            <code>
              <Inert text={name} max={200} />
            </code>,
            <code>
              <Inert text={value} max={2_000} />
            </code>,
          ],
        }))}
      />
    </div>
    {source !== null && !lost && (
      <details class="card" id="curl">
        <summary>Copy as curl</summary>
        <Copyable
          label="command that sends this request again"
          text={curlCommand({ ...event, url: source.url + event.path + event.query }, head, event.id)}
        />
        <p class="muted">Sends a new event to the source. Its signature may have expired.</p>
      </details>
    )}
  </section>
);

/** Downloads the exact bytes as a file; the browser never renders them with the sender's content type. */
async function download(c: Ctx): Promise<Response> {
  const answer = await c.get("api").raw(`/events/${encodeURIComponent(c.req.param("id") ?? "")}/body`);
  if (answer.ok) return answer;
  throw new ApiProblem(await answer.json<ProblemBody>());
}

/** Makes the API call and returns to the event, or shows the problem. */
async function act(c: Ctx, event: string, path: string, done: string, body?: unknown): Promise<Response> {
  const answer = await c.get("api").send("POST", path, body);
  if (!answer.ok) throw new ApiProblem(answer.problem);
  const back = localPath((await c.req.parseBody())["back"]) ?? `/events/${event}`;
  return c.redirect(`${back}${back.includes("?") ? "&" : "?"}done=${done}`, 303);
}

export function mountEvent(app: Hono<DashEnv>): void {
  app.get("/events/:id", (c) => show(c));
  app.get("/events/:id/body", (c) => download(c));
  app.post("/events/:id/replay", async (c) => {
    const id = c.req.param("id");
    const { connection } = await c.req.parseBody();
    return act(
      c,
      id,
      `/events/${encodeURIComponent(id)}/replay`,
      "replayed",
      typeof connection === "string" && connection !== "" ? { connection } : {},
    );
  });
  app.get("/deliveries/:id", (c) => c.redirect(`/events/${eventOf(c)}#${c.req.param("id")}`, 303));
  app.post("/deliveries/:id/retry", (c) => act(c, eventOf(c), `/deliveries/${c.req.param("id")}/retry`, "retried"));
  app.post("/deliveries/:id/cancel", async (c) => {
    const event = eventOf(c);
    const asked = await confirmed(c, {
      title: "Cancel this delivery?",
      text: "It will not be attempted again. Its event stays and can be replayed.",
      label: "Cancel delivery",
      back: `/events/${event}`,
      room: "events",
    });
    return asked ?? act(c, event, `/deliveries/${c.req.param("id")}/cancel`, "cancelled");
  });
  app.post("/deliveries/:id/discard", async (c) => {
    const event = eventOf(c);
    const asked = await confirmed(c, {
      title: "Discard this dead letter?",
      text: "It is removed from the dead letters. Its event stays and can be replayed.",
      label: "Discard",
      back: `/events/${event}`,
      room: "events",
    });
    return asked ?? act(c, event, `/deliveries/${c.req.param("id")}/cancel`, "discarded");
  });
}

/** The event's id in a delivery's id. */
function eventOf(c: Ctx): string {
  const id = c.req.param("id") ?? "";
  if (!isDeliveryId(id))
    throw new ApiProblem({
      title: "Not found",
      status: 404,
      code: "not_found",
      detail: "This delivery does not exist.",
    });
  return eventIdOf(id);
}

/** The page of an event or delivery if the search text is its id; otherwise null. */
export const byId = (text: string): string | null =>
  isEventId(text) ? `/events/${text}` : isDeliveryId(text) ? `/events/${eventIdOf(text)}#${text}` : null;
