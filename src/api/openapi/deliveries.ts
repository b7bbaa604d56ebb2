// The contract of deliveries, one event on its way to one destination, and of bulk replays.
import { ERROR_CODES } from "../../model/delivery.ts";
import { DELIVERY_STATUSES, DEFERRAL_REASONS, STATUS_FILTERS } from "../../model/lifecycle.ts";
import { REPLAY_STATUSES, REPLAYABLE } from "../../model/replay.ts";
import { newReplaySchema } from "../replay-input.ts";
import { inputSchema } from "./derived.ts";
import { chapter } from "./operation.ts";
import { DESTINATION, FROM, SOURCE, taking, TO, TYPE } from "./parameters.ts";
import {
  decimal,
  flag,
  headers,
  instant,
  list,
  map,
  nullable,
  number,
  object,
  oneOf,
  ref,
  say,
  text,
  type TypeOf,
} from "./schema.ts";

const fields = {
  id: text,
  event_id: text,
  event_type: say(nullable(text), "Of its event"),
  connection_id: say(nullable(text), "Null for an event that was published straight to a destination"),
  source: nullable(text),
  source_slug: nullable(text),
  destination: nullable(text),
  destination_slug: nullable(text),
  status: oneOf(DELIVERY_STATUSES),
  attempts_made: number,
  next_attempt_at: say(
    nullable(instant),
    "When it is due. With `deferred_by: circuit` it is sent before that, once the circuit has closed",
  ),
  deferred_by: say(nullable(oneOf(DEFERRAL_REASONS)), "Why it was deferred; a deferral uses no attempt"),
  deferrals: number,
  slot_at: say(nullable(instant), "The slot that the destination's gate reserved for it"),
  last_response_status: nullable(number),
  last_error: nullable(text),
  replay_id: nullable(text),
  created_at: instant,
  finished_at: nullable(instant),
};
const attempt = object(
  {
    number,
    started_at: instant,
    duration_ms: number,
    response_status: nullable(number),
    response_headers: nullable(map(text)),
    response_body: say(nullable(text), "The first 4 KiB"),
    error: nullable(oneOf(ERROR_CODES)),
    error_detail: say(
      text,
      "Why no request was made, or what is wrong with the body of a successful response, as text",
    ),
  },
  ["error_detail"],
);
const delivery = object(fields);
export type DeliveryAnswer = TypeOf<typeof delivery>;

export const DELIVERY: DeliveryAnswer = {
  id: "dlv_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e5f6g7h8j9k",
  event_id: "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e",
  event_type: "order.created",
  connection_id: "con_01kaxh8e3m7v9q2r4t6w8y0a1b",
  source: "src_01kaxh8e3m7v9q2r4t6w8y0a1b",
  source_slug: "shop",
  destination: "dst_01kaxh8e3m7v9q2r4t6w8y0a1b",
  destination_slug: "orders",
  status: "retrying",
  attempts_made: 1,
  next_attempt_at: "2026-11-24T09:00:05.120Z",
  deferred_by: null,
  deferrals: 0,
  slot_at: null,
  last_response_status: 503,
  last_error: "http_status",
  replay_id: null,
  created_at: "2026-11-24T09:00:00.000Z",
  finished_at: null,
};

/** Of the list, and of its counts over time. */
export const DELIVERY_FILTERS = {
  status: taking(oneOf(STATUS_FILTERS), "In this state. `waiting`: scheduled, pending, deferred or retrying", "dead"),
  destination: DESTINATION,
  source: SOURCE,
  connection: taking(text, "Over this connection: id or slug", "shop-orders"),
  response_status: taking(number, "Whose latest attempt got this HTTP status", 503),
  error: taking(text, "Whose `last_error` is exactly this", "attempts_exhausted: timeout"),
  cause: taking(text, "That failed for this cause, as issues name it, and have not been delivered since", "status_503"),
  event: taking(text, "Of this event", "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e"),
  type: TYPE,
  from: FROM,
  to: TO,
};

const sentRequest = object({
  attempt: say(number, "The latest one; 1 where none has been made"),
  started_at: say(nullable(instant), "Null where it has not been made"),
  configuration_changed_at: say(
    nullable(instant),
    "When destination or connection were changed after the attempt: then it may have sent something else",
  ),
  batched: say(flag, "Whether it shares one request with others. It is shown alone here"),
  request: nullable(
    object({
      method: text,
      url: say(nullable(text), "Null for a broker or queue"),
      headers,
      masked: say(list(text), "Names of the headers whose values are credentials or signatures"),
      body_bytes: number,
      body_as_received: say(flag, "Whether the body is the event's, byte for byte. Then it is not repeated here"),
      body_text: say(nullable(text), "The first 32 KiB"),
      body_base64: say(nullable(text), "The same where it is not text"),
      body_cut: say(flag, "Whether there is more"),
      message: say(nullable(object({ address: text, key: nullable(text) })), "Of a broker or queue"),
    }),
  ),
  error: say(nullable(text), "Why there is no such request"),
});

export const deliveries = chapter({
  name: "Deliveries",
  description: "One event on its way to one destination: its attempts, retry, cancel.",
  schemas: () => ({
    Delivery: delivery,
    DeliveryWithAttempts: object({ ...fields, attempts: list(attempt) }),
    SentRequest: sentRequest,
  }),
  examples: {
    Delivery: DELIVERY,
    DeliveryWithAttempts: {
      ...DELIVERY,
      attempts: [
        {
          number: 1,
          started_at: "2026-11-24T09:00:00.040Z",
          duration_ms: 80,
          response_status: 503,
          response_headers: { "content-type": "text/plain" },
          response_body: "try again later",
          error: "http_status",
        },
      ],
    },
    SentRequest: {
      attempt: 1,
      started_at: "2026-11-24T09:00:00.040Z",
      configuration_changed_at: null,
      batched: false,
      request: {
        method: "POST",
        url: "https://orders.example.com/hooks",
        headers: [
          ["content-type", "application/json"],
          ["authorization", "Bearer [redacted]"],
        ],
        masked: ["authorization"],
        body_bytes: 27,
        body_as_received: true,
        body_text: null,
        body_base64: null,
        body_cut: false,
        message: null,
      },
      error: null,
    },
  },
  operations: {
    "GET /deliveries": {
      id: "listDeliveries",
      summary: "List deliveries, newest first",
      answer: [200, "Delivery"],
      list: true,
      query: {
        ...DELIVERY_FILTERS,
      },
    },
    "GET /deliveries/{id}": {
      id: "getDelivery",
      summary: "Read a delivery with its attempts",
      answer: [200, "DeliveryWithAttempts"],
      problems: ["not_found", "record_unreadable", "payload_unavailable"],
    },
    "GET /deliveries/{id}/request": {
      id: "getDeliveryRequest",
      summary: "The request of a delivery's latest attempt, as sent",
      description:
        "It is not stored, so it is built again: from the event on record and the configuration of now, as a further attempt builds it. Credentials and signatures are masked.",
      answer: [200, "SentRequest"],
      problems: ["not_found", "record_unreadable", "payload_unavailable"],
    },
    "POST /deliveries/{id}/retry": {
      id: "retryDelivery",
      summary: "Attempt it now, even if it is dead",
      answer: [202, "Delivery"],
      problems: ["not_found", "delivery_final", "delivery_in_flight", "record_unreadable"],
    },
    "POST /deliveries/{id}/cancel": {
      id: "cancelDelivery",
      summary: "Never attempt it again; discards a dead one",
      answer: [200, "Delivery"],
      problems: ["not_found", "delivery_final", "delivery_in_flight", "record_unreadable"],
    },
  },
});

const filter = object({
  status: nullable(oneOf(REPLAYABLE)),
  source: nullable(text),
  destination: nullable(text),
  connection: nullable(text),
  event: nullable(text),
  type: say(nullable(text), "The type of the event"),
  cause: say(nullable(text), "Of dead ones: the cause of their issue"),
  from: nullable(instant),
  to: nullable(instant),
});
const counted = { filter, rate_per_second: decimal, matched: number, matched_exact: flag };
const CHOSEN = {
  status: "dead",
  source: null,
  destination: "dst_01kaxh8e3m7v9q2r4t6w8y0a1b",
  connection: null,
  event: null,
  type: null,
  cause: null,
  from: "2026-11-24T00:00:00.000Z",
  to: null,
} as const;

export const replays = chapter({
  name: "Replays",
  description: "Many deliveries sent again at a chosen pace: dead letters, or those that a filter selects.",
  schemas: () => ({
    NewReplay: inputSchema(newReplaySchema),
    BulkReplay: object({
      id: text,
      status: oneOf(REPLAY_STATUSES),
      ...counted,
      queued: number,
      done: number,
      failed: number,
      created_at: instant,
      finished_at: nullable(instant),
    }),
    ReplayPlan: object({
      dry_run: oneOf([true]),
      ...counted,
      estimated_seconds: number,
      sample: list(ref<DeliveryAnswer>("Delivery")),
    }),
  }),
  examples: {
    NewReplay: { status: "dead", destination: "orders", from: "2026-11-24T00:00:00.000Z", rate_per_second: 10 },
    BulkReplay: {
      id: "rpl_01kaxh8e3m7v9q2r4t6w8y0a1b",
      status: "running",
      filter: CHOSEN,
      rate_per_second: 10,
      matched: 1_200,
      matched_exact: true,
      queued: 300,
      done: 290,
      failed: 4,
      created_at: "2026-11-24T10:00:00.000Z",
      finished_at: null,
    },
    ReplayPlan: {
      dry_run: true,
      filter: CHOSEN,
      rate_per_second: 10,
      matched: 1_200,
      matched_exact: true,
      estimated_seconds: 120,
      sample: [],
    },
  },
  operations: {
    "GET /replays": {
      id: "listReplays",
      summary: "List bulk replays, newest first",
      answer: [200, "BulkReplay"],
      list: true,
    },
    "POST /replays": {
      id: "startReplay",
      summary: "Deliver again, at a chosen pace, the ended deliveries that a filter selects",
      description:
        "`status` `dead` redrives dead letters; `ignored` delivers events that no connection took over the connections that take them now. At least one field of the filter is required, either at the top level or in `filter`. With `dry_run` it only plans.",
      body: "NewReplay",
      bodyExamples: { plan: { filter: { source: "shop", status: "delivered" }, dry_run: true } },
      answer: [202, "BulkReplay"],
      plan: [200, "ReplayPlan"],
      query: { dry_run: taking(flag, "Only plan", true) },
    },
    "GET /replays/{id}": {
      id: "getReplay",
      summary: "The progress of a bulk replay",
      answer: [200, "BulkReplay"],
      problems: ["not_found"],
    },
    "POST /replays/{id}/cancel": {
      id: "cancelReplay",
      summary: "Stop queueing deliveries; those already queued are still sent",
      answer: [200, "BulkReplay"],
      problems: ["not_found", "replay_final"],
    },
  },
});
