// The contract of destinations: where Sluice sends, how fast, and their health.
import { destinationSpecSchema } from "../../model/destination.ts";
import { DELIVERY_STATUSES } from "../../model/lifecycle.ts";
import { rotationSchema } from "../../management/index.ts";
import { inputSchema } from "./derived.ts";
import { chapter } from "./operation.ts";
import { taking } from "./parameters.ts";
import { changed, created, kept, withOptional } from "./record-forms.ts";
import { decimal, flag, instant, map, nullable, number, object, oneOf, ref, say, text } from "./schema.ts";

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

const health = object({
  destination: text,
  slug: text,
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
  backlog: say(
    map(number),
    `Deliveries by status (${DELIVERY_STATUSES.join(", ")}); states without deliveries are left out`,
  ),
  oldest_waiting: nullable(object({ id: text, created_at: instant })),
  sampled_deliveries: say(number, "How many of the latest deliveries the figures below cover"),
  success_rate: say(nullable(decimal), "Share of attempts that succeeded, 0 to 1"),
  latency_ms: say(percentiles, "Of attempts. First attempts that did not deliver may be missing"),
  last_error: nullable(text),
});

export const destinations = chapter({
  name: "Destinations",
  description: "Where Sluice sends, how it authenticates there, and how much each can take.",
  schemas: () => ({
    Destination: withOptional(kept(destinationSpecSchema, { paused: flag }), { state }),
    NewDestination: created(destinationSpecSchema, ["url"]),
    DestinationChange: changed(destinationSpecSchema),
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
      backlog: { retrying: 2, dead: 1 },
      oldest_waiting: {
        id: "dlv_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e5f6g7h8j9k",
        created_at: "2026-11-24T09:00:00.000Z",
      },
      sampled_deliveries: 200,
      success_rate: 0.985,
      latency_ms: { p50: 80, p95: 240, p99: 900 },
      last_error: "http_status",
    },
    Rotation: { grace_seconds: 86_400 },
  },
  operations: {
    "GET /destinations": {
      id: "listDestinations",
      summary: "List destinations, newest first",
      answer: [200, "Destination"],
      list: true,
      query: { expand: taking(oneOf(["state"]), "Adds `state`: circuit, lane and pace of each", "state") },
    },
    "POST /destinations": {
      id: "createDestination",
      summary: "Create a destination",
      description:
        "Besides the URL, a name or a slug is required. A signing secret that Sluice makes is only in this answer, and only for a token of scope `admin`.",
      body: "NewDestination",
      bodyExamples: {
        signed: { slug: "billing", url: "https://api.example.com/billing", signing: { type: "standard_webhooks" } },
        batched: {
          slug: "warehouse",
          url: "https://api.example.com/bulk",
          batch: { max_events: 100, max_wait_seconds: 5, format: "ndjson" },
        },
      },
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
    "GET /destinations/{id}/health": {
      id: "getDestinationHealth",
      summary: "Circuit, pace, backlog and latest results of a destination",
      answer: [200, "Health"],
      problems: ["not_found"],
    },
  },
});
