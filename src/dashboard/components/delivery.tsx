// One delivery as a card: destination, each attempt in order, what happens next, and actions.
import type { Child } from "hono/jsx";
import type { DeferralReason } from "../../model/lifecycle.ts";
import type { Ctx } from "../deps.ts";
import type { AttemptShape, DeliveryDetail, DeliveryShape } from "../shapes.ts";
import { Badge } from "./badge.tsx";
import { ActionButton, DangerButton } from "./confirm.tsx";
import { Inert } from "./inert.tsx";
import { span, Time } from "./time.tsx";

const DEFERRALS: Readonly<Record<DeferralReason, string>> = {
  pace: "the destination's pace",
  concurrency: "the destination's concurrency limit",
  circuit: "the destination's circuit is open",
  retry_after: "the destination sent Retry-After",
  gate_unreachable: "the gate could not be reached",
  slow_lane: "the destination is in the slow lane",
  time_budget: "the batch ran out of time",
  secret_unavailable: "a secret is not available",
  body_unavailable: "the body could not be read",
  resolver_unavailable: "no DNS resolver responded",
  token_unavailable: "the OAuth token endpoint did not respond",
  configuration_unreadable: "the configuration was written by a newer release",
  batch: "waiting for more events to send together",
};

const ended = ["delivered", "dead", "cancelled"];

const answer = (attempt: AttemptShape): Child =>
  attempt.response_status === null ? (
    <>no response{attempt.error === null ? "" : `: ${attempt.error.replaceAll("_", " ")}`}</>
  ) : (
    <>HTTP {attempt.response_status}</>
  );

const Attempt = ({ attempt, of }: { attempt: AttemptShape; of: string }) => (
  <li class={attempt.error === null ? "ok" : "bad"}>
    <strong>
      {attempt.number === 1 ? "First attempt" : `Attempt ${attempt.number}`}: {answer(attempt)}
    </strong>{" "}
    <span class="muted">
      <Time at={attempt.started_at} /> · {span(attempt.duration_ms)}
    </span>
    {attempt.error_detail !== undefined && (
      <p>
        <Inert text={attempt.error_detail} max={500} />
      </p>
    )}
    {(attempt.response_headers !== null || attempt.response_body !== null) && (
      <details id={`${of}-${attempt.number}`}>
        <summary>Response</summary>
        <pre tabindex={0} role="region" aria-label={`Response to attempt ${attempt.number}`}>
          {Object.entries(attempt.response_headers ?? {}).map(([name, value]) => (
            <>
              <Inert text={`${name}: ${value}`} max={600} />
              {"\n"}
            </>
          ))}
          {"\n"}
          <Inert text={attempt.response_body ?? ""} max={4_096} />
        </pre>
      </details>
    )}
  </li>
);

/** What happens next, or how the delivery ended. */
const Next = ({ delivery }: { delivery: DeliveryShape }) => {
  if (delivery.status === "held") return <li>Held until the destination or connection is resumed.</li>;
  if (!ended.includes(delivery.status))
    return (
      <li class="info">
        <strong>
          {delivery.attempts_made === 0 ? "First attempt" : `Attempt ${delivery.attempts_made + 1}`}{" "}
          <Time at={delivery.next_attempt_at} kind="until" />
        </strong>
        {delivery.deferred_by !== null && (
          <p class="muted">Deferred: {DEFERRALS[delivery.deferred_by]}. This uses no attempt.</p>
        )}
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
          <Inert text={delivery.last_error.replaceAll("_", " ")} max={500} />
        </p>
      )}
    </li>
  );
};

/** @param attempts null if they were not loaded */
export const DeliveryCard = ({
  c,
  delivery,
  attempts,
}: {
  c: Ctx;
  delivery: DeliveryShape;
  attempts: DeliveryDetail["attempts"] | null;
}) => {
  const name = delivery.destination_slug ?? delivery.destination ?? "a deleted destination";
  return (
    <article class="card" id={delivery.id} aria-label={`Delivery to ${name}`}>
      <div class="heading">
        <h3>
          {delivery.destination_slug === null ? (
            <Inert text={name} />
          ) : (
            <a href={`/destinations/${delivery.destination_slug}`}>{name}</a>
          )}
        </h3>
        <Badge status={delivery.status} />
        <span class="muted">
          {delivery.attempts_made === 1 ? "1 attempt" : `${delivery.attempts_made} attempts`}
          {delivery.replay_id !== null && ", replayed"}
          {delivery.deferrals > 0 && `, deferred ${delivery.deferrals === 1 ? "once" : `${delivery.deferrals} times`}`}
        </span>
        <div class="actions">
          {!["delivered", "cancelled"].includes(delivery.status) && (
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
            <ActionButton
              c={c}
              action={`/events/${delivery.event_id}/replay`}
              fields={{ connection: delivery.connection_id }}
              label="Replay"
              what={`to ${name}`}
            />
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
        {(attempts ?? []).map((attempt) => (
          <Attempt attempt={attempt} of={delivery.id} />
        ))}
        <Next delivery={delivery} />
      </ol>
      <p class="muted mono">{delivery.id}</p>
    </article>
  );
};
