// The two requests of an event's page: as it was received, and as a delivery's latest attempt sent it.
import { curlCommand } from "../components/curl.ts";
import { Copyable } from "../components/empty.tsx";
import { HeaderTable } from "../components/header-table.tsx";
import { Inert } from "../components/inert.tsx";
import { bytes } from "../components/number.ts";
import { here } from "../components/pager.tsx";
import { Payload, type Head } from "../components/payload.tsx";
import { requestLine } from "../components/request-line.ts";
import { SentRequest } from "../components/sent-request.tsx";
import type { Ctx } from "../deps.ts";
import type { DeliveryShape, EventShape, SentShape, SourceShape } from "../shapes.ts";

export const Received = ({ event, head, lost }: { event: EventShape; head: Head; lost: boolean }) => (
  <section class="card" aria-labelledby="received-title">
    <h2 id="received-title">As received</h2>
    <p class="request-line" dir="ltr">
      <code>
        <strong>{event.method}</strong>{" "}
        <Inert text={requestLine(event).slice(event.method.length + 1)} max={2_000} ltr />
      </code>
    </p>
    <h3>Body</h3>
    <p class="muted">
      <Inert text={event.content_type ?? "no content type"} max={200} /> · {bytes(event.body_bytes)}
    </p>
    {lost ? (
      <p class="muted">The body has expired.</p>
    ) : (
      <Payload
        head={head}
        total={event.body_bytes}
        contentType={event.content_type}
        download={`/events/${event.id}/body`}
        as="as received"
      />
    )}
    <h3>Headers</h3>
    <HeaderTable label="Headers" headers={event.headers} />
    <details id="headers-raw">
      <summary>Unformatted</summary>
      <pre dir="ltr" tabindex={0} role="region" aria-label="Headers, as received">
        {event.headers.map(([name, value]) => (
          <>
            <Inert text={`${name}: ${value}`} max={2_200} ltr />
            {"\n"}
          </>
        ))}
      </pre>
    </details>
  </section>
);

type Names = ReadonlyMap<string, string>;

const nameOf = (
  { destination_slug: slug, destination: id, connection_id }: DeliveryShape,
  connections: Names,
): string => {
  const over = connections.get(connection_id ?? "");
  return `${slug ?? id ?? "a deleted destination"}${over === undefined ? "" : ` over ${over}`}`;
};

/** With links to what the other deliveries sent. @param connections those that are named beside the destination: names by id */
export const Sent = ({
  c,
  event,
  sent,
  shown,
  chosen,
  connections,
}: {
  c: Ctx;
  event: EventShape;
  sent: SentShape;
  shown: readonly DeliveryShape[];
  chosen: DeliveryShape;
  connections: Names;
}) => (
  <section class="card" aria-labelledby="sent-title">
    <h2 id="sent-title">
      As sent to <Inert text={nameOf(chosen, connections)} max={200} />
    </h2>
    {shown.length > 1 && (
      <nav class="tabs" aria-label="Deliveries of this event">
        {shown.map((delivery) => (
          <a
            href={`${here(c, { delivery: delivery.id })}#sent`}
            aria-current={delivery.id === chosen.id ? "true" : undefined}
          >
            <Inert text={nameOf(delivery, connections)} max={128} />
            {delivery.replay_id !== null && " (replay)"}
          </a>
        ))}
      </nav>
    )}
    <SentRequest sent={sent} received={event.headers} />
  </section>
);

export const Curl = ({ event, head, source }: { event: EventShape; head: Head; source: SourceShape }) => (
  <details class="card" id="curl">
    <summary>Copy as curl</summary>
    <Copyable
      label="command that sends this request again"
      text={curlCommand({ ...event, url: source.url + event.path + event.query }, head, event.id)}
    />
    <p class="muted">Sends a new event to the source. Its signature may have expired.</p>
  </details>
);
