// The contract of deliveries, one event on its way to one destination, and of bulk replays.
import { ERROR_CODES } from "../../model/delivery.ts";
import { DELIVERY_STATUSES, DEFERRAL_REASONS } from "../../model/lifecycle.ts";
import { REPLAY_STATUSES, REPLAYABLE } from "../../model/replay.ts";
import { newReplaySchema } from "../replay-input.ts";
import { inputSchema } from "./derived.ts";
import { chapter } from "./operation.ts";
import { DESTINATION, FROM, SOURCE, taking, TO } from "./parameters.ts";
import {
  decimal,
  flag,
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
  connection_id: say(nullable(text), "Null for an event that was published straight to a destination"),
  source: nullable(text),
  source_slug: nullable(text),
  destination: nullable(text),
  destination_slug: nullable(text),
  status: oneOf(DELIVERY_STATUSES),
  attempts_made: number,
  next_attempt_at: nullable(instant),
  deferred_by: say(nullable(oneOf(DEFERRAL_REASONS)), "Why it was deferred; a deferral uses no attempt"),
  deferrals: number,
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
  last_response_status: 503,
  last_error: "http_status",
  replay_id: null,
  created_at: "2026-11-24T09:00:00.000Z",
  finished_at: null,
};

export const deliveries = chapter({
  name: "Deliveries",
  description: "One event on its way to one destination: its attempts, retry, cancel.",
  schemas: () => ({
    Delivery: delivery,
    DeliveryWithAttempts: object({ ...fields, attempts: list(attempt) }),
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
  },
  operations: {
    "GET /deliveries": {
      id: "listDeliveries",
      summary: "List deliveries, newest first",
      answer: [200, "Delivery"],
      list: true,
      query: {
        status: taking(oneOf(DELIVERY_STATUSES), "In this state", "dead"),
        destination: DESTINATION,
        source: SOURCE,
        connection: taking(text, "Over this connection: id or slug", "shop-orders"),
        response_status: taking(number, "Whose latest attempt got this HTTP status", 503),
        error: taking(text, "Whose `last_error` is this", "timeout"),
        event: taking(text, "Of this event", "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e"),
        from: FROM,
        to: TO,
      },
    },
    "GET /deliveries/{id}": {
      id: "getDelivery",
      summary: "Read a delivery with its attempts",
      answer: [200, "DeliveryWithAttempts"],
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
        "`status` `dead` redrives dead letters. At least one field of the filter is required, either at the top level or in `filter`. With `dry_run` it only plans.",
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
