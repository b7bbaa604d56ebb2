// The contract of events and deliveries: published, read, sent again.
import { IGNORED_REASONS } from "../../model/ignored.ts";
import { DELIVERY_STATUSES, EVENT_STATUSES } from "../../model/lifecycle.ts";
import { REPLAY_STATUSES, REPLAYABLE } from "../../model/replay.ts";
import { newReplaySchema } from "../replay-input.ts";
import { publishSchema } from "../publish-input.ts";
import { inputSchema as input } from "./secrets.ts";
import { flag, headers, instant, nullable, number, object, optional, ref, text } from "./schema.ts";
import { chapter } from "./operation.ts";

const delivery = {
  id: text,
  event_id: text,
  connection_id: nullable(text),
  source: nullable(text),
  source_slug: nullable(text),
  destination: nullable(text),
  destination_slug: nullable(text),
  status: { enum: [...DELIVERY_STATUSES] },
  attempts_made: number,
  next_attempt_at: nullable(instant),
  deferred_by: nullable(text),
  deferrals: number,
  last_response_status: nullable(number),
  last_error: nullable(text),
  replay_id: nullable(text),
  created_at: instant,
  finished_at: nullable(instant),
};
const attempt = {
  number,
  started_at: instant,
  duration_ms: number,
  response_status: nullable(number),
  response_headers: nullable({ type: "object", additionalProperties: text }),
  response_body: nullable(text),
  error: nullable(text),
  error_detail: text,
};
const replayFilter = object({
  status: nullable({ enum: [...REPLAYABLE] }),
  source: nullable(text),
  destination: nullable(text),
  connection: nullable(text),
  event: nullable(text),
  from: nullable(instant),
  to: nullable(instant),
});
const event = {
  id: text,
  source: nullable(text),
  source_slug: nullable(text),
  received_at: instant,
  method: text,
  path: text,
  query: text,
  headers: headers,
  content_type: nullable(text),
  body_bytes: number,
  verified: nullable(flag),
  duplicate_of: nullable(text),
  published: flag,
  deliver_at: nullable(instant),
  callback_url: nullable(text),
  failure_callback_url: nullable(text),
  callback_of: nullable(text),
  status: { enum: [...EVENT_STATUSES] },
};

export const records = chapter({
  name: "Events and deliveries",
  description: "What came in and what became of it.",
  schemas: () => ({
    NewEvent: optional(input(publishSchema)),
    CallbackSecrets: object({ secrets: { type: "array", items: text } }),
    Accepted: object({ id: text, status: { enum: ["accepted"] } }),
    Event: object(event),
    // Until it is recorded no more is known of it than its id tells.
    EventWithDeliveries: object(
      {
        ...event,
        deliveries: { type: "array", items: ref("Delivery") },
        ignored_by: { type: "array", items: ref("Ignored") },
      },
      Object.keys(event).filter((name) => !["id", "status", "received_at"].includes(name)),
    ),
    Ignored: object({
      connection: nullable(text),
      reason: { enum: [...IGNORED_REASONS] },
      failed_clause: nullable(text),
    }),
    Delivery: object(delivery),
    DeliveryWithAttempts: object({
      ...delivery,
      attempts: { type: "array", items: object(attempt, ["error_detail"]) },
    }),
    NewReplay: input(newReplaySchema),
    BulkReplay: object({
      id: text,
      status: { enum: [...REPLAY_STATUSES] },
      filter: replayFilter,
      rate_per_second: { type: "number" },
      matched: number,
      matched_exact: { type: "boolean" },
      queued: number,
      done: number,
      failed: number,
      created_at: instant,
      finished_at: nullable(instant),
    }),
    ReplayPlan: object({
      dry_run: { const: true },
      filter: replayFilter,
      rate_per_second: { type: "number" },
      matched: number,
      matched_exact: { type: "boolean" },
      estimated_seconds: number,
      sample: { type: "array", items: ref("Delivery") },
    }),
    Replay: object({ connection: text }, ["connection"]),
  }),
  operations: {
    "GET /events": {
      summary: "List events, newest first",
      answer: [200, "Event"],
      list: true,
      query: ["source", "from", "to", "status", "search"],
    },
    "POST /events": {
      summary: "Publish an event to a source's connections or straight to destinations, now or later",
      body: "NewEvent",
      answer: [202, "Accepted"],
      problems: [
        "invalid",
        "malformed_json",
        "body_too_large",
        "unavailable",
        "idempotency_mismatch",
        "idempotency_in_flight",
      ],
    },
    "GET /events/{id}": {
      summary: "Read an event with its deliveries",
      answer: [200, "EventWithDeliveries"],
      problems: ["not_found"],
    },
    "GET /events/{id}/body": {
      summary: "The exact bytes of its body",
      answer: [200, null],
      problems: ["not_found", "event_not_recorded"],
    },
    "POST /events/{id}/replay": {
      summary: "Deliver an event again",
      body: "Replay",
      answer: [202, "Delivery"],
      list: true,
      problems: ["not_found", "invalid", "event_not_recorded"],
    },
    "GET /deliveries": {
      summary: "List deliveries, newest first",
      answer: [200, "Delivery"],
      list: true,
      query: ["status", "destination", "source", "event", "from", "to"],
    },
    "GET /deliveries/{id}": {
      summary: "Read a delivery with its attempts",
      answer: [200, "DeliveryWithAttempts"],
      problems: ["not_found"],
    },
    "POST /deliveries/{id}/retry": {
      summary: "Attempt it now; a dead one comes back to life",
      answer: [202, "Delivery"],
      problems: ["not_found", "delivery_final", "delivery_in_flight"],
    },
    "POST /deliveries/{id}/cancel": {
      summary: "Never attempt it again; a dead one is discarded",
      answer: [200, "Delivery"],
      problems: ["not_found", "delivery_final", "delivery_in_flight"],
    },
    "GET /replays": { summary: "List bulk replays, newest first", answer: [200, "BulkReplay"], list: true },
    "POST /replays": {
      summary:
        "Deliver again, at a pace, all that a filter chooses of what has ended; status=dead is the redrive of dead letters. With dry_run only the plan",
      body: "NewReplay",
      answer: [202, "BulkReplay"],
      plan: [200, "ReplayPlan"],
      query: ["dry_run"],
      problems: ["invalid", "malformed_json", "idempotency_mismatch", "idempotency_in_flight"],
    },
    "GET /replays/{id}": {
      summary: "How far a bulk replay has come",
      answer: [200, "BulkReplay"],
      problems: ["not_found"],
    },
    "POST /replays/{id}/cancel": {
      summary: "Queue nothing more; what has been queued still goes",
      answer: [200, "BulkReplay"],
      problems: ["not_found", "replay_final"],
    },
    "GET /callbacks/secret": {
      summary: "What callbacks are signed with (Standard Webhooks), the current secret first",
      answer: [200, "CallbackSecrets"],
    },
  },
});
