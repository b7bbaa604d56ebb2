// Records as the API shows them: snake_case, instants in RFC 3339, no internals.
import { toInstant, toInstantOrNull } from "../kernel/clock.ts";
import { connectionSpecSchema } from "../model/connection.ts";
import { destinationSpecSchema } from "../model/destination.ts";
import type { Attempt, Delivery } from "../model/delivery.ts";
import { headerValue, type EventOptions, type SluiceEvent } from "../model/event.ts";
import { maskCredentials } from "../model/credentials.ts";
import type { EventStatus } from "../model/lifecycle.ts";
import { sourceSpecSchema } from "../model/source.ts";
import { readSpec } from "../model/stored-spec.ts";
import { awaitsSecret } from "../model/verification.ts";
import type { Named } from "./openapi/client-types.ts";
import { withoutSecrets } from "../management/index.ts";
import type { ConnectionRecord, DestinationRecord, SourceRecord } from "../store/index.ts";

const times = (row: { created_at: number; updated_at: number }) => ({
  created_at: toInstant(row.created_at),
  updated_at: toInstant(row.updated_at),
});

/** @param origin of the edge URL, scheme and host */
export const sourceView = (row: SourceRecord, origin: string): Named<"Source"> => {
  const spec = readSpec(sourceSpecSchema, row.spec);
  return {
    id: row.id,
    ...withoutSecrets("sources", spec),
    url: `${origin}/in/${spec.slug}`,
    awaiting_secret: awaitsSecret(spec.verification),
    ...times(row),
  };
};

/** @param now former signing secrets are shown only while they still sign */
export function destinationView(row: DestinationRecord, now: number): Named<"Destination"> {
  const spec = readSpec(destinationSpecSchema, row.spec);
  const shown = withoutSecrets("destinations", spec);
  const retiring = spec.signing.type === "none" ? [] : spec.signing.retiring;
  const signing =
    shown.signing.type === "none"
      ? shown.signing
      : {
          ...shown.signing,
          retiring: retiring
            .filter((former) => former.expires_at > now)
            .map((former) => ({ expires_at: toInstant(former.expires_at) })),
        };
  return { id: row.id, ...shown, signing, paused: row.paused === 1, ...times(row) };
}

export type Slugs = ReadonlyMap<string, string>;

export const connectionView = (row: ConnectionRecord, sources: Slugs, destinations: Slugs): Named<"Connection"> => ({
  id: row.id,
  ...readSpec(connectionSpecSchema, row.spec),
  source: row.source_id,
  source_slug: sources.get(row.source_id) ?? null,
  destination: row.destination_id,
  destination_slug: destinations.get(row.destination_id) ?? null,
  paused: row.paused === 1,
  ...times(row),
});

export const deliveryView = (delivery: Delivery, sources: Slugs, destinations: Slugs): Named<"Delivery"> => ({
  id: delivery.id,
  event_id: delivery.event_id,
  event_type: delivery.event_type ?? null,
  connection_id: delivery.connection_id,
  source: delivery.source_id,
  source_slug: sources.get(delivery.source_id ?? "") ?? null,
  destination: delivery.destination_id,
  destination_slug: destinations.get(delivery.destination_id ?? "") ?? null,
  status: delivery.status,
  attempts_made: delivery.attempts_made,
  next_attempt_at: toInstantOrNull(delivery.next_attempt_at),
  deferred_by: delivery.deferred_by,
  deferrals: delivery.deferrals,
  slot_at: toInstantOrNull(delivery.slot_at),
  last_response_status: delivery.last_response_status,
  last_error: delivery.last_error,
  replay_id: delivery.replay_id,
  created_at: toInstant(delivery.created_at),
  finished_at: toInstantOrNull(delivery.finished_at),
});

export const attemptView = ({
  answer: _place,
  ...attempt
}: Attempt): Named<"DeliveryWithAttempts">["attempts"][number] => ({
  ...attempt,
  started_at: toInstant(attempt.started_at),
});

/** The options of a published event; for a callback, the delivery that it reports. */
function optionsView(options: EventOptions | null) {
  return {
    published: options !== null && options.callback_of === undefined && options.credentials === undefined,
    deliver_at: toInstantOrNull(options?.deliver_at),
    callback_url: options?.callback_url ?? null,
    failure_callback_url: options?.failure_callback_url ?? null,
    callback_of: options?.callback_of ?? null,
  };
}

export function eventView(
  given: Omit<SluiceEvent, "body" | "dedupe">,
  status: EventStatus,
  sources: Slugs,
): Named<"Event"> {
  const event = maskCredentials(given);
  const { options = null, duplicate_of = null, headers } = event;
  return {
    id: event.id,
    source: event.source_id,
    source_slug: sources.get(event.source_id ?? "") ?? null,
    event_type: event.event_type ?? null,
    received_at: toInstant(event.received_at),
    method: event.method,
    path: event.path,
    query: event.query,
    headers,
    content_type: headerValue(headers, "content-type"),
    body_bytes: event.body_bytes,
    verified: event.verified,
    duplicate_of,
    ...optionsView(options),
    status,
  };
}
