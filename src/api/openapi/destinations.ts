// The contract of destinations: where Sluice sends, how fast, and their health.
import { SPEC_OF_TYPE } from "../../model/destination.ts";
import { MAX_LISTED_DEAD } from "../../config/record-limits.ts";
import { DESTINATION_HEALTH } from "../../model/health.ts";
import { DEFERRAL_REASONS, DELIVERY_STATUSES } from "../../model/lifecycle.ts";
import { rotationSchema } from "../../management/index.ts";
import { inputSchema } from "./derived.ts";
import { BODIES } from "./destination-bodies.ts";
import { chapter } from "./operation.ts";
import { BY_HEALTH, NAMED, taking } from "./parameters.ts";
import { changed, created, either, kept, together, withOptional } from "./record-forms.ts";
import { decimal, flag, instant, list, map, nullable, number, object, oneOf, ref, say, text } from "./schema.ts";

const LANES = ["normal", "slow"] as const;
const percentiles = object({ p50: nullable(number), p95: nullable(number), p99: nullable(number) });

const state = object({
  circuit: oneOf(["closed", "open", "half_open"]),
  circuit_open_until: nullable(instant),
  paused_until: nullable(instant),
  lane: oneOf(LANES),
  consecutive_failures: number,
  throttled: flag,
  rate_per_second: nullable(decimal),
});

const judged = {
  health: say(oneOf(DESTINATION_HEALTH), "Its worst state, or `paused` while it is"),
  health_reasons: say(list(oneOf(DESTINATION_HEALTH)), "All states that hold, the worst first"),
};

/** What a list adds on request. */
const shown = {
  ...judged,
  recent: say(object({ attempts: number, failed: number }), "The latest attempts within the last 15 minutes"),
  dead: say(number, `Dead letters now, counted up to ${MAX_LISTED_DEAD}`),
  state,
  waiting: say(number, "Deliveries that wait or are held, as far as they are among the 100,000 that are due first"),
};

const health = object({
  destination: text,
  slug: text,
  ...judged,
  paused: flag,
  lane: oneOf(LANES),
  circuit: oneOf(["closed", "open", "half_open", "unknown"]),
  circuit_reason: oneOf(["failures_in_a_row", "failure_rate", null]),
  circuit_opened_at: nullable(instant),
  circuit_open_until: nullable(instant),
  paused_until: say(nullable(instant), "Until when a Retry-After asked Sluice to wait"),
  consecutive_failures: nullable(number),
  pace: object({
    rate_limit: nullable(ref<{ limit: number; period_seconds: number; burst?: number }>("RateLimit")),
    max_concurrency: nullable(number),
    adaptive: flag,
    throttled: nullable(flag),
    rate_per_second: say(nullable(decimal), "The pace in use now"),
    tokens: nullable(decimal),
    in_use: nullable(number),
    next_free_at: nullable(instant),
  }),
  listeners: say(
    nullable(number),
    "How many listeners are connected; null if that is unknown, and for other types than `listener`",
  ),
  backlog: say(
    map(number),
    `Deliveries by status (${DELIVERY_STATUSES.join(", ")}); states without deliveries are left out`,
  ),
  oldest_waiting: nullable(object({ id: text, created_at: instant })),
  sampled_deliveries: say(number, "How many of the latest deliveries the figures below cover"),
  success_rate: say(
    nullable(decimal),
    "Share of recent attempts that succeeded, 0 to 1: what `health` is judged by. Of the sample where there were none of late",
  ),
  latency_ms: say(percentiles, "Of attempts. First attempts that did not deliver may be missing"),
  last_error: nullable(text),
  responses: say(
    list(object({ response: text, count: number })),
    "Of those deliveries' attempts: HTTP status, or the error of an attempt without a response; the most frequent first",
  ),
  recent_attempts: say(
    list(
      object({
        event: text,
        delivery: text,
        number: number,
        started_at: instant,
        duration_ms: number,
        response_status: nullable(number),
        error: nullable(text),
      }),
    ),
    "The latest attempts of those deliveries, the latest first",
  ),
  next_due: say(
    list(
      object({
        event: text,
        delivery: text,
        status: oneOf(DELIVERY_STATUSES),
        next_attempt_at: nullable(instant),
        deferred_by: nullable(oneOf(DEFERRAL_REASONS)),
      }),
    ),
    "What waits, as far as it is due first, and until when",
  ),
});

export const destinations = chapter({
  name: "Destinations",
  description: "Where Sluice sends, how it authenticates there, and how much each can take.",
  schemas: () => ({
    Destination: either([
      withOptional(kept(SPEC_OF_TYPE.http, { paused: flag }), shown),
      withOptional(kept(SPEC_OF_TYPE.rabbitmq, { paused: flag }), shown),
      withOptional(kept(SPEC_OF_TYPE.redis_stream, { paused: flag }), shown),
      withOptional(kept(SPEC_OF_TYPE.kafka, { paused: flag }), shown),
      withOptional(kept(SPEC_OF_TYPE.sqs, { paused: flag }), shown),
      withOptional(kept(SPEC_OF_TYPE.cloudflare_queue, { paused: flag }), shown),
      withOptional(kept(SPEC_OF_TYPE.listener, { paused: flag }), shown),
      withOptional(kept(SPEC_OF_TYPE.mock, { paused: flag }), shown),
    ]),
    NewDestination: either([
      created(SPEC_OF_TYPE.http, ["url"]),
      created(SPEC_OF_TYPE.rabbitmq, ["type", "url", "auth", "exchange", "routing_key"]),
      created(SPEC_OF_TYPE.redis_stream, ["type", "url", "stream"]),
      created(SPEC_OF_TYPE.kafka, ["type", "brokers", "topic"]),
      created(SPEC_OF_TYPE.sqs, ["type", "url", "auth"]),
      created(SPEC_OF_TYPE.cloudflare_queue, ["type"]),
      created(SPEC_OF_TYPE.listener, ["type"]),
      created(SPEC_OF_TYPE.mock, ["type"]),
    ]),
    DestinationChange: together([
      changed(SPEC_OF_TYPE.http),
      changed(SPEC_OF_TYPE.rabbitmq),
      changed(SPEC_OF_TYPE.redis_stream),
      changed(SPEC_OF_TYPE.kafka),
      changed(SPEC_OF_TYPE.sqs),
      changed(SPEC_OF_TYPE.cloudflare_queue),
      changed(SPEC_OF_TYPE.listener),
      changed(SPEC_OF_TYPE.mock),
    ]),
    Rotation: {
      ...inputSchema(rotationSchema),
      properties: {
        secret: ref<string | { secret: string }>("Secret"),
        ...(inputSchema(rotationSchema)["properties"] as object),
      },
    },
    Health: health,
  }),
  examples: {
    Destination: {
      id: "dst_01kaxh8e3m7v9q2r4t6w8y0a1b",
      name: "Orders",
      slug: "orders",
      type: "http",
      url: "https://api.example.com/orders",
      method: null,
      headers: { "x-tenant": "acme" },
      auth: { type: "bearer", secrets_set: { token: "sealed" } },
      signing: {
        type: "standard_webhooks",
        algorithm: "hmac",
        secrets_set: { secrets: ["sealed"] },
        public_keys: [],
        retiring: [],
      },
      rate_limit: { limit: 10, period_seconds: 1 },
      max_concurrency: 5,
      adaptive: true,
      timeout_ms: 15_000,
      retry: { schedule_seconds: [5, 30, 120, 600], max_age_seconds: 604_800 },
      circuit: {
        failure_threshold: 20,
        failure_rate: null,
        window_seconds: 60,
        min_requests: 20,
        open_seconds: 10,
        open_factor: 2,
        max_open_seconds: 600,
      },
      batch: null,
      path_forwarding: true,
      paused: false,
      created_at: "2026-11-24T09:00:00.000Z",
      updated_at: "2026-11-24T09:00:00.000Z",
    },
    NewDestination: {
      name: "Orders",
      url: "https://api.example.com/orders",
      auth: { type: "bearer", token: "the-api-token" },
      rate_limit: { limit: 10, period_seconds: 1 },
      max_concurrency: 5,
    },
    DestinationChange: { rate_limit: { limit: 20 } },
    Health: {
      destination: "dst_01kaxh8e3m7v9q2r4t6w8y0a1b",
      slug: "orders",
      health: "dead_letters",
      health_reasons: ["dead_letters"],
      paused: false,
      lane: "normal",
      circuit: "closed",
      circuit_reason: null,
      circuit_opened_at: null,
      circuit_open_until: null,
      paused_until: null,
      consecutive_failures: 0,
      pace: {
        rate_limit: { limit: 10, period_seconds: 1 },
        max_concurrency: 5,
        adaptive: true,
        throttled: false,
        rate_per_second: 10,
        tokens: 10,
        in_use: 0,
        next_free_at: null,
      },
      listeners: null,
      backlog: { retrying: 2, dead: 1 },
      oldest_waiting: {
        id: "dlv_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e5f6g7h8j9k",
        created_at: "2026-11-24T09:00:00.000Z",
      },
      sampled_deliveries: 200,
      success_rate: 0.985,
      latency_ms: { p50: 80, p95: 240, p99: 900 },
      last_error: "http_status",
      responses: [
        { response: "200", count: 200 },
        { response: "500", count: 3 },
      ],
      recent_attempts: [
        {
          event: "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e",
          delivery: "dlv_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e5f6g7h8j9k",
          number: 1,
          started_at: "2026-11-24T09:00:00.000Z",
          duration_ms: 80,
          response_status: 200,
          error: null,
        },
      ],
      next_due: [
        {
          event: "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e",
          delivery: "dlv_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e5f6g7h8j9k",
          status: "retrying",
          next_attempt_at: "2026-11-24T09:00:30.000Z",
          deferred_by: null,
        },
      ],
    },
    Rotation: { grace_seconds: 86_400 },
  },
  operations: {
    "GET /destinations": {
      id: "listDestinations",
      summary: "List destinations, newest first",
      answer: [200, "Destination"],
      list: true,
      query: {
        search: NAMED,
        order: BY_HEALTH,
        expand: taking(
          oneOf(["state", "waiting"]),
          "`state` adds `health` and what it follows from: circuit, lane and pace of each, recent attempts, dead letters. `waiting` adds also `waiting`",
          "state",
        ),
      },
    },
    "POST /destinations": {
      id: "createDestination",
      summary: "Create a destination",
      description:
        "Besides the fields of its type, a name or a slug is required. A signing secret that Sluice makes is only in this answer, and only for a token of scope `admin`.",
      body: "NewDestination",
      bodyExamples: BODIES,
      answer: [201, "Destination"],
      problems: ["slug_taken"],
    },
    "GET /destinations/{id}": {
      id: "getDestination",
      summary: "Read a destination",
      answer: [200, "Destination"],
      problems: ["not_found"],
    },
    "PATCH /destinations/{id}": {
      id: "updateDestination",
      summary: "Change the fields given",
      description:
        "An `auth` or `signing` of the same type keeps stored secrets that are not given. A new pace also applies to deliveries that already wait.",
      body: "DestinationChange",
      answer: [200, "Destination"],
      problems: ["not_found", "slug_taken", "conflict"],
    },
    "DELETE /destinations/{id}": {
      id: "deleteDestination",
      summary: "Delete a destination and the connections to it",
      description: "Deliveries that wait for it are cancelled.",
      answer: [204, null],
      problems: ["not_found"],
    },
    "POST /destinations/{id}/pause": {
      id: "pauseDestination",
      summary: "Hold its deliveries",
      answer: [200, "Destination"],
      problems: ["not_found"],
    },
    "POST /destinations/{id}/resume": {
      id: "resumeDestination",
      summary: "Release its deliveries",
      answer: [200, "Destination"],
      problems: ["not_found"],
    },
    "POST /destinations/{id}/test": {
      id: "testDestination",
      summary: "Send a small test event straight to it, without a connection",
      answer: [202, "Accepted"],
      answerHeaders: ["sluice-event-id"],
      problems: ["not_found", "unavailable"],
    },
    "POST /destinations/{id}/rotate-secret": {
      id: "rotateSigningSecret",
      summary: "Sign with a new secret; the former ones also sign until their grace ends",
      description: "A secret that Sluice makes is only in this answer.",
      body: "Rotation",
      bodyRequired: false,
      answer: [200, "Destination"],
      problems: ["not_found", "conflict"],
    },
    "GET /destinations/{id}/listen": {
      id: "listenToDestination",
      summary: "Connect a listener: a WebSocket over which its requests come and are answered",
      description:
        "For a destination of type `listener`. The command `sluice listen` is the client; `src/listen/protocol.ts` describes the messages. What was held for a listener is released.",
      answer: [101, null],
      problems: ["not_found", "cannot_listen", "upgrade_required"],
    },
    "GET /destinations/{id}/health": {
      id: "getDestinationHealth",
      summary: "Circuit, pace, backlog and latest results of a destination",
      answer: [200, "Health"],
      problems: ["not_found"],
    },
  },
});
