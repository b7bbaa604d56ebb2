// One delivery as a card: destination, each attempt in order, what happens next, and actions.
import type { Child } from "hono/jsx";
import type { Ctx } from "../deps.ts";
import type { AttemptShape, DeliveryDetail, DeliveryShape, DestinationShape } from "../shapes.ts";
import { Badge } from "./badge.tsx";
import { ActionButton, DangerButton } from "./confirm.tsx";
import { codeWords, errorText } from "../../model/error-words.ts";
import { Inert, inertText } from "./inert.tsx";
import { Code } from "./payload.tsx";
import { span, Time } from "./time.tsx";
import { NextAttempt } from "./next-attempt.tsx";
import { whyItWaits } from "./wait.ts";

const ended = ["delivered", "dead", "cancelled"];
/** To try a held one now would only hold it again. */
const notTriable = ["delivered", "cancelled", "held"];

const answer = (attempt: AttemptShape): Child =>
  attempt.response_status === null ? (
    <>{attempt.error === null ? "confirmed by the broker" : `no response: ${codeWords(attempt.error)}`}</>
  ) : (
    <>HTTP {attempt.response_status}</>
  );

/** How long after the attempt before it, or after the event, an attempt began. */
const Since = ({
  attempt,
  before,
  received,
}: {
  attempt: AttemptShape;
  before: AttemptShape | undefined;
  received: string;
}) => {
  const from = before === undefined ? Date.parse(received) : Date.parse(before.started_at) + before.duration_ms;
  const waited = Date.parse(attempt.started_at) - from;
  if (waited < 1_000) return null;
  return (
    <>
      {" "}
      · {span(waited)} after {before === undefined ? "it was received" : `attempt ${before.number}`}
    </>
  );
};

const Attempt = ({
  attempt,
  before,
  of,
  received,
  open,
}: {
  attempt: AttemptShape;
  before: AttemptShape | undefined;
  of: string;
  received: string;
  open: boolean;
}) => (
  <li class={attempt.error === null ? "ok" : "bad"}>
    <strong>
      {attempt.number === 1 ? "First attempt" : `Attempt ${attempt.number}`}: {answer(attempt)}
    </strong>{" "}
    <span class="muted">
      <Time at={attempt.started_at} /> · took {span(attempt.duration_ms)}
      <Since attempt={attempt} before={before} received={received} />
    </span>
    {attempt.error_detail !== undefined && (
      <p>
        <Inert text={attempt.error_detail} max={500} />
      </p>
    )}
    {(attempt.response_headers !== null || attempt.response_body !== null) && (
      <details id={`${of}-${attempt.number}`} open={open}>
        <summary>Response</summary>
        {attempt.response_body !== null && attempt.response_body !== "" && (
          <Code text={attempt.response_body} label={`Body of the response to attempt ${attempt.number}`} max={4_096} />
        )}
        <pre dir="ltr" tabindex={0} role="region" aria-label={`Headers of the response to attempt ${attempt.number}`}>
          {Object.entries(attempt.response_headers ?? {}).map(([name, value]) => (
            <>
              <Inert text={`${name}: ${value}`} max={600} ltr />
              {"\n"}
            </>
          ))}
        </pre>
      </details>
    )}
  </li>
);

/** What happens next and why not now, or how the delivery ended. */
const Next = ({ delivery, destination }: { delivery: DeliveryShape; destination: DestinationShape | null }) => {
  const why = whyItWaits(delivery, destination);
  if (why !== null)
    return (
      <li class={delivery.status === "held" ? "" : "info"}>
        {delivery.status !== "held" && (
          <strong>
            {delivery.attempts_made === 0 ? "First attempt" : `Attempt ${delivery.attempts_made + 1}`}{" "}
            <NextAttempt of={delivery} />
          </strong>
        )}
        <p class="muted">
          {why}
          {delivery.slot_at !== null && (
            <>
              {" "}
              Its slot is at <Time at={delivery.slot_at} />.
            </>
          )}
        </p>
      </li>
    );
  return delivery.status === "delivered" ? null : (
    <li class={delivery.status === "dead" ? "bad" : ""}>
      <strong>{delivery.status === "dead" ? "Dead" : "Cancelled"}</strong>{" "}
      <span class="muted">
        <Time at={delivery.finished_at} />
      </span>
      {delivery.last_error !== null && (
        <p>
          <Inert text={errorText(delivery.last_error, delivery.last_response_status)} max={500} />
        </p>
      )}
    </li>
  );
};

/**
 * @param attempts null if they were not loaded @param destination null if it is not known or of no interest
 * @param over the connection's name, where the destination does not say which delivery it is @param received when its event came
 */
export const DeliveryCard = ({
  c,
  delivery,
  attempts,
  destination,
  over,
  received,
  chosen,
}: {
  c: Ctx;
  delivery: DeliveryShape;
  attempts: DeliveryDetail["attempts"] | null;
  destination: DestinationShape | null;
  over: string | null;
  received: string;
  /** It is the one that the page was opened for. */
  chosen: boolean;
}) => {
  const receiver = delivery.destination_slug ?? delivery.destination ?? "a deleted destination";
  const name = over === null ? receiver : `${receiver} over ${inertText(over)}`;
  return (
    <article class={chosen ? "card chosen-card" : "card"} id={delivery.id} aria-label={`Delivery to ${name}`}>
      <div class="heading">
        <h3>
          {delivery.destination_slug === null ? (
            <Inert text={receiver} />
          ) : (
            <a href={`/destinations/${delivery.destination_slug}`}>{receiver}</a>
          )}
          {over !== null && (
            <>
              {" "}
              over{" "}
              <a href={`/connections/${delivery.connection_id}`}>
                <Inert text={over} max={128} />
              </a>
            </>
          )}
        </h3>
        <Badge status={delivery.status} />
        <span class="muted">
          {delivery.attempts_made === 1 ? "1 attempt" : `${delivery.attempts_made} attempts`}
          {delivery.replay_id !== null && ", replayed"}
          {delivery.deferrals > 0 && `, deferred ${delivery.deferrals === 1 ? "once" : `${delivery.deferrals} times`}`}
        </span>
        <div class="actions">
          {!notTriable.includes(delivery.status) && (
            <ActionButton
              c={c}
              action={`/deliveries/${delivery.id}/retry`}
              label="Retry now"
              what={`to ${name}`}
              retry
              primary
            />
          )}
          {delivery.connection_id !== null && (
            <a class="button" href={`/events/${delivery.event_id}/replay?connection=${delivery.connection_id}`}>
              Replay<span class="visually-hidden"> to {name}</span>…
            </a>
          )}
          {!ended.includes(delivery.status) && (
            <DangerButton
              c={c}
              action={`/deliveries/${delivery.id}/cancel`}
              label="Cancel"
              what={`the delivery to ${name}`}
              ask={`Cancel the delivery to ${name}? It will not be attempted again.`}
            />
          )}
          {delivery.status === "dead" && (
            <DangerButton
              c={c}
              action={`/deliveries/${delivery.id}/discard`}
              label="Discard"
              what={`the dead letter to ${name}`}
              ask={`Discard the dead letter to ${name}? Its event stays and can be replayed.`}
            />
          )}
        </div>
      </div>
      {attempts !== null && attempts.length < delivery.attempts_made && attempts.length > 0 && (
        <p class="muted">Only the latest {attempts.length} attempts are shown.</p>
      )}
      <ol class="timeline">
        {(attempts ?? []).map((attempt, index, all) => (
          <Attempt
            attempt={attempt}
            before={all[index - 1]}
            of={delivery.id}
            received={received}
            open={index === all.length - 1 && attempt.error !== null}
          />
        ))}
        <Next delivery={delivery} destination={destination} />
      </ol>
      <p class="muted mono">{delivery.id}</p>
    </article>
  );
};
