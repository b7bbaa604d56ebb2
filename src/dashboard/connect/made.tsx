// The last step: what was made, the secret if it is missing, and a test event that is seen delivered on the same page.
import type { ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { Inert } from "../components/inert.tsx";
import { Table } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { Ctx } from "../deps.ts";
import { FormFields } from "../forms/form-fields.tsx";
import { neededFields } from "../forms/source-form.ts";
import { Csrf } from "../layout.tsx";
import type { ConnectionShape, DeliveryDetail, EventDetail, EventShape, SourceShape } from "../shapes.ts";
import { sampleTypes } from "../../signing/index.ts";
import { whereSecret } from "./hints.ts";

export const RouteCard = ({ connection }: { connection: ConnectionShape }) => (
  <p class="route">
    <a href={`/sources/${connection.source}`}>
      <Inert text={connection.source_slug ?? connection.source} />
    </a>
    <span aria-label="to"> → </span>
    <a href={`/destinations/${connection.destination}`}>
      <Inert text={connection.destination_slug ?? connection.destination} />
    </a>{" "}
    <span class="muted">
      Pace, retries and credentials: <a href={`/destinations/${connection.destination}/edit`}>the destination</a>.
      Filter and transform: <a href={`/connections/${connection.id}/edit`}>the connection</a>.
    </span>
  </p>
);

const secretFields = (type: SourceShape["verification"]["type"]) =>
  neededFields(type, `${whereSecret(type)}.`).filter(({ path }) => path === "verification/secrets");

export const SecretCard = ({
  c,
  source,
  here,
  problem,
}: {
  c: Ctx;
  source: SourceShape;
  here: string;
  problem: ProblemBody | null;
}) => {
  const fields = secretFields(source.verification.type);
  if (fields.length === 0) return null;
  return (
    <section class="card" id="secret">
      <h2>2. The secret</h2>
      {!source.awaiting_secret ? (
        <p>
          <Badge status="ok" label="A secret is set" /> Requests that it does not verify are refused.
        </p>
      ) : (
        <form method="post" action={`${here}/secret`}>
          <Csrf c={c} />
          <p>
            <Badge status="awaiting_secret" /> Until then the source answers every request with 401.
          </p>
          <FormFields fields={fields} values={{}} problem={problem} />
          <button class="button" type="submit">
            Save secret
          </button>
        </form>
      )}
    </section>
  );
};

export const UNSIGNED = {
  awaiting_secret:
    "It was not signed: the source still waits for its secret. With the secret, the next one tests the signature too.",
  sender_only: "It was not signed: only the sender has the private key, so Sluice passed it on without the check.",
  allowed_ips:
    "It was not signed: the source accepts certain IP addresses only, so Sluice passed it on without the check.",
} as const;

export const TestCard = ({
  c,
  source,
  here,
  tested,
  deliveries,
  unsigned,
}: {
  c: Ctx;
  source: SourceShape;
  here: string;
  tested: EventDetail | null;
  deliveries: readonly DeliveryDetail[];
  /** Why it went past the verification. */
  unsigned: keyof typeof UNSIGNED | undefined;
}) => (
  <section class="card">
    <h2>{secretFields(source.verification.type).length === 0 ? 2 : 3}. Try it</h2>
    <form class="filters" method="post" action={`${here}/test`}>
      <Csrf c={c} />
      <div class="field">
        <label for="type">Event type</label>
        <select id="type" name="type">
          {sampleTypes(source.verification.type).map((type) => (
            <option value={type}>{type}</option>
          ))}
        </select>
      </div>
      <button class="button primary" type="submit">
        Send a test event
      </button>
    </form>
    <div id="tested" data-live role="status">
      {tested !== null && (
        <>
          <p>
            <Badge status={tested.duplicate_of == null ? tested.status : "duplicate"} />{" "}
            {deliveries.map(({ destination_slug, attempts }) => {
              const last = attempts.at(-1);
              return last === undefined ? null : (
                <>
                  <Inert text={destination_slug ?? "the destination"} /> answered{" "}
                  {last.response_status ?? last.error ?? "the message"} after {span(last.duration_ms)}.{" "}
                </>
              );
            })}
            <a href={`/events/${tested.id}`}>Open the event</a>
            {!["delivered", "dead", "ignored"].includes(tested.status) && (
              <>
                {" "}
                <a href={`${here}?event=${tested.id}${unsigned === undefined ? "" : `&unsigned=${unsigned}`}`}>
                  Check again
                </a>
              </>
            )}
          </p>
          {unsigned !== undefined && <p class="muted">{UNSIGNED[unsigned]}</p>}
        </>
      )}
    </div>
  </section>
);

export const Arrived = ({ events }: { events: readonly EventShape[] }) => (
  <section class="card" id="arrived" data-live>
    <h2>Latest events of this source</h2>
    {events.length === 0 ? (
      <p class="muted">None yet. They appear here by themselves.</p>
    ) : (
      <Table
        label="Latest events of this source"
        head={["Event", "Status", "Received"]}
        rows={events.map((event) => ({
          id: event.id,
          cells: [
            <a href={`/events/${event.id}`}>
              <Inert text={event.event_type ?? event.id} max={128} />
            </a>,
            <Badge status={event.duplicate_of == null ? event.status : "duplicate"} />,
            <Time at={event.received_at} />,
          ],
        }))}
      />
    )}
  </section>
);
