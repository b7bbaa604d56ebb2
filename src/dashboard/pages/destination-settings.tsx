// What is set for a destination: where it is, what goes there, and how.
import type { Child } from "hono/jsx";
import { DangerButton } from "../components/confirm.tsx";
import { Inert } from "../components/inert.tsx";
import { Facts } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { Ctx } from "../deps.ts";
import { TYPES } from "../forms/broker-fields.ts";
import type { DestinationShape } from "../shapes.ts";

/** Where it is, on one line. */
export function addressOf(destination: DestinationShape): string {
  switch (destination.type) {
    case "kafka":
      return destination.brokers.join(", ");
    case "cloudflare_queue":
      return destination.binding ?? `${destination.account_id ?? ""}/${destination.queue_id ?? ""}`;
    case "listener":
      return `sluice listen PORT --name ${destination.slug}`;
    case "mock":
      return `answers ${destination.response.status} by itself`;
    default:
      return destination.url;
  }
}

/** What a message or request goes to there. */
function targetOf(destination: DestinationShape): (readonly [string, Child])[] {
  const named = (label: string, text: string | null): (readonly [string, Child])[] =>
    text === null ? [] : [[label, <Inert text={text} />]];
  switch (destination.type) {
    case "http":
      return [["Method", destination.method ?? "as received"]];
    case "rabbitmq":
      return [
        ...named("Exchange", destination.exchange || "default"),
        ...named("Routing key", destination.routing_key),
      ];
    case "redis_stream":
      return named("Stream", destination.stream);
    case "kafka":
      return [...named("Topic", destination.topic), ...named("Key", destination.key)];
    case "sqs":
      return named("Message group", destination.group_id);
    case "cloudflare_queue":
    case "listener":
      return [];
    case "mock":
      return [
        ["Response", `${destination.response.status}, after ${span(destination.delay_ms)}`],
        ["Fails first", destination.fail_first === 0 ? "never" : `${destination.fail_first} attempts of each delivery`],
      ];
  }
}

/** The retry policy as text: `after 5 s, 30 s, 2 min`. */
function retries({ retry }: DestinationShape): string {
  const limits = `for up to ${span(retry.max_age_seconds * 1_000)}${retry.on === undefined ? "" : `, after ${retry.on.join(", ")} only`}`;
  if ("strategy" in retry)
    return `${retry.strategy}, ${retry.max_attempts} attempts from ${span(retry.base_seconds * 1_000)} to ${span(retry.cap_seconds * 1_000)} apart, ${limits}`;
  return retry.schedule_seconds.length === 0
    ? "none"
    : `after ${retry.schedule_seconds.map((seconds) => span(seconds * 1_000)).join(", ")}, ${limits}`;
}

export const ASK_ROTATE =
  "Generate a new signing secret? The old one also signs for one more day. Give the receiver the new one before then.";

export const DestinationSettings = ({ of: destination, c }: { of: DestinationShape; c: Ctx }) => (
  <section class="card">
    <h2>Settings</h2>
    <Facts
      of={[
        ["Type", TYPES.find(([type]) => type === destination.type)?.[1] ?? destination.type],
        [destination.type === "http" ? "URL" : "Address", <Inert text={addressOf(destination)} />],
        ["Slug", <code>{destination.slug}</code>],
        ...targetOf(destination),
        ["Credentials", destination.auth.type.replaceAll("_", " ")],
        [
          "Signature",
          destination.signing.type === "none" ? "none" : `Standard Webhooks, ${destination.signing.algorithm}`,
        ],
        ["Timeout", `${destination.timeout_ms} ms`],
        ["Retries", retries(destination)],
        [
          "Circuit breaker",
          destination.circuit === null
            ? "off"
            : `opens after ${destination.circuit.failure_threshold} consecutive failures`,
        ],
        ["Created", <Time at={destination.created_at} />],
        ["Updated", <Time at={destination.updated_at} />],
      ]}
    />
    <div class="buttons">
      <a class="button quiet" href={`/dead-letters?destination=${destination.id}`}>
        Dead letters
      </a>
      {destination.signing.type !== "none" && (
        <DangerButton
          c={c}
          action={`/destinations/${destination.id}/rotate`}
          label="Rotate signing secret"
          ask={ASK_ROTATE}
        />
      )}
    </div>
  </section>
);
