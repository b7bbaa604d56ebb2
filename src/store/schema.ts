// The tables. D1 bills every row written and every index entry as a row, so primary keys sort by time and need no index of their own
// (WITHOUT ROWID, added to the generated migration by hand, as drizzle-kit cannot express it), and partial indexes hold unfinished
// deliveries only. docs/storage.md explains each choice.
import { sql } from "drizzle-orm";
import { blob, index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { AuditAction, AuditKind } from "../model/audit.ts";
import type { ConnectionId, DeliveryId, DestinationId, EventId, ReplayId, SourceId } from "../model/ids.ts";
import type { DeferralReason, DeliveryStatus } from "../model/lifecycle.ts";
import { WAITING } from "./status-lists.ts";

/** Instants are milliseconds since the epoch; `spec` columns hold the configuration as JSON. */
export const sources = sqliteTable(
  "sources",
  {
    id: text("id").primaryKey(),
    slug: text("slug").notNull(),
    spec: text("spec").notNull(),
    /** Increases with every change to the source, its connections or their destinations. */
    version: integer("version").notNull().default(1),
    /** The version whose route document was last published. */
    published_version: integer("published_version").notNull().default(0),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [uniqueIndex("sources_slug").on(table.slug)],
);

export const destinations = sqliteTable(
  "destinations",
  {
    id: text("id").primaryKey(),
    slug: text("slug").notNull(),
    spec: text("spec").notNull(),
    paused: integer("paused").notNull().default(0),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [uniqueIndex("destinations_slug").on(table.slug)],
);

export const connections = sqliteTable(
  "connections",
  {
    id: text("id").primaryKey(),
    slug: text("slug").notNull(),
    source_id: text("source_id").notNull(),
    destination_id: text("destination_id").notNull(),
    spec: text("spec").notNull(),
    paused: integer("paused").notNull().default(0),
    created_at: integer("created_at").notNull(),
    updated_at: integer("updated_at").notNull(),
  },
  (table) => [
    uniqueIndex("connections_slug").on(table.slug),
    index("connections_source").on(table.source_id),
    index("connections_destination").on(table.destination_id),
  ],
);

/**
 * Events with a delivery that waits, is dead or was replayed; and all that earlier releases recorded. WITHOUT ROWID. Where `payload` or `payload_key`
 * is set, query, headers and body are there, and their columns hold what an earlier release cannot send.
 */
export const events = sqliteTable("events", {
  id: text("id").$type<EventId>().primaryKey(),
  source_id: text("source_id").$type<SourceId>(),
  received_at: integer("received_at").notNull(),
  method: text("method").notNull(),
  path: text("path").notNull(),
  query: text("query").notNull(),
  /** JSON: [[name, value], …] */
  headers: text("headers").notNull(),
  /** The body as text if it is UTF-8 without NUL, else as base64; null when it is in R2. */
  body: text("body"),
  body_encoding: text("body_encoding", { enum: ["utf8", "base64", "r2"] }).notNull(),
  body_key: text("body_key"),
  body_bytes: integer("body_bytes").notNull(),
  verified: integer("verified"),
  /** How many deliveries it made when it was recorded; 0 means it was ignored. */
  matched: integer("matched").notNull(),
  /** JSON: EventOptions; null for a request to a source's URL. */
  options: text("options"),
  /** The earlier event with the same key; null when it is not a duplicate. */
  duplicate_of: text("duplicate_of").$type<EventId>(),
  /** JSON: [Ignored, …], the connections that did not take it; null when all took it. */
  ignored: text("ignored"),
  /** Its content as a piece, see record/piece.ts: here, or in R2 at an offset and of a length in bytes. */
  payload: blob("payload", { mode: "buffer" }),
  payload_key: text("payload_key"),
  payload_offset: integer("payload_offset"),
  payload_length: integer("payload_length"),
  /** As its sender names it; null where it has none. */
  event_type: text("event_type"),
});

/** The events that one batch ended at their first attempt: one row, written once. `k` is the rowid. See record/types.ts. */
export const segments = sqliteTable("segments", {
  k: integer("k").primaryKey(),
  first_id: text("first_id").notNull(),
  last_id: text("last_id").notNull(),
  ids: text("ids").notNull(),
  summary: text("summary").notNull(),
  superseded: text("superseded").notNull(),
  entries: blob("entries", { mode: "buffer" }).notNull(),
  payload: blob("payload", { mode: "buffer" }),
});

/** One row per delivery, with its attempts. WITHOUT ROWID. The key begins with the event's, see model/ids.ts. */
export const deliveries = sqliteTable(
  "deliveries",
  {
    id: text("id").$type<DeliveryId>().primaryKey(),
    source_id: text("source_id").$type<SourceId>(),
    connection_id: text("connection_id").$type<ConnectionId>(),
    destination_id: text("destination_id").$type<DestinationId>(),
    status: text("status").$type<DeliveryStatus>().notNull(),
    attempts_made: integer("attempts_made").notNull(),
    next_attempt_at: integer("next_attempt_at"),
    deferred_by: text("deferred_by").$type<DeferralReason>(),
    deferrals: integer("deferrals").notNull(),
    slot_at: integer("slot_at"),
    last_response_status: integer("last_response_status"),
    last_error: text("last_error"),
    /** JSON: [Attempt, …] */
    attempts: text("attempts").notNull(),
    created_at: integer("created_at").notNull(),
    finished_at: integer("finished_at"),
    replay_id: text("replay_id").$type<ReplayId>(),
    /** Attempts before its last redrive. They do not count against its policy. */
    attempts_before: integer("attempts_before").notNull().default(0),
    age_credit_ms: integer("age_credit_ms").notNull(),
    /** A consumer has claimed it until then. The value also identifies the claim. */
    claimed_until: integer("claimed_until"),
    /** The sweep has put it back into its queue and leaves it alone until then. */
    requeued_until: integer("requeued_until"),
    /** Of its event, so that a list by type reads no event. */
    event_type: text("event_type"),
  },
  (table) => [
    index("deliveries_due")
      .on(table.next_attempt_at, table.destination_id, table.status)
      .where(sql`${table.status} IN ${sql.raw(WAITING)}`),
    index("deliveries_held")
      .on(table.destination_id, table.id)
      .where(sql`${table.status} = 'held'`),
    index("deliveries_dead")
      .on(table.destination_id, table.id)
      .where(sql`${table.status} = 'dead'`),
    index("deliveries_dead_by_time")
      .on(table.id)
      .where(sql`${table.status} = 'dead'`),
  ],
);

/** Bulk replays and their progress; see model/replay.ts. WITHOUT ROWID. */
export const replays = sqliteTable("replays", {
  id: text("id").$type<ReplayId>().primaryKey(),
  status: text("status", { enum: ["running", "done", "cancelled"] }).notNull(),
  /** JSON: ReplayFilter */
  filter: text("filter").notNull(),
  rate_per_second: real("rate_per_second").notNull(),
  matched: integer("matched").notNull(),
  matched_exact: integer("matched_exact").notNull(),
  seen: integer("seen").notNull(),
  collected: integer("collected").notNull(),
  queued: integer("queued").notNull(),
  done: integer("done").notNull(),
  failed: integer("failed").notNull(),
  after: text("after").notNull(),
  until: text("until").notNull(),
  /** JSON: [delivery id, …] */
  latest: text("latest").notNull().default("[]"),
  step: integer("step").notNull(),
  next_at: integer("next_at").notNull(),
  created_at: integer("created_at").notNull(),
  finished_at: integer("finished_at"),
});

/** The health of destinations. A healthy one has no row. WITHOUT ROWID. */
export const destinationStates = sqliteTable("destination_states", {
  destination_id: text("destination_id").$type<DestinationId>().primaryKey(),
  /** `slow`: its deliveries travel in the slow lane. */
  lane: text("lane", { enum: ["normal", "slow"] }).notNull(),
  circuit: text("circuit", { enum: ["closed", "open", "half_open"] }).notNull(),
  open_until: integer("open_until"),
  pause_until: integer("pause_until"),
  failures: integer("failures").notNull(),
  throttled: integer("throttled").notNull().default(0),
  updated_at: integer("updated_at").notNull(),
});

/** Events that must not depend on the queue alone: all of them (journal `always`) or those it refused. WITHOUT ROWID. */
export const outbox = sqliteTable("outbox", {
  id: text("id").primaryKey(),
  /** JSON: the event without its body; the body as in `events`. */
  event: text("event").notNull(),
  body: text("body"),
  body_encoding: text("body_encoding", { enum: ["utf8", "base64", "r2"] }).notNull(),
  resend_at: integer("resend_at").notNull(),
  resends: integer("resends").notNull(),
});

/** How often consumers ended without settling a delivery, or an event that they processed alone. Few rows, removed once it is settled. WITHOUT ROWID. */
export const interruptions = sqliteTable("interruptions", {
  /** Of the delivery or the event. */
  id: text("id").primaryKey(),
  count: integer("count").notNull(),
  /** The latest one. */
  at: integer("at").notNull(),
});

/** Answers to requests with an `Idempotency-Key`, kept for a day. WITHOUT ROWID. */
export const idempotencyKeys = sqliteTable(
  "idempotency_keys",
  {
    key: text("key").notNull(),
    /** The token's id, the method, the path and the query. */
    operation: text("operation").notNull(),
    /** SHA-256 of the request's body, hex: the same key with another body is an error. */
    request_hash: text("request_hash").notNull(),
    /** Null while the first request is under way. */
    status: integer("status"),
    response: text("response"),
    created_at: integer("created_at").notNull(),
    /** When the request under way claimed the key. If it fails, the next request takes the key over after a while. */
    claimed_at: integer("claimed_at"),
  },
  (table) => [primaryKey({ columns: [table.key, table.operation] })],
);

/** Tokens of the management API. WITHOUT ROWID. */
export const tokens = sqliteTable(
  "tokens",
  {
    id: text("id").primaryKey(),
    name: text("name").notNull(),
    scope: text("scope", { enum: ["read", "write", "admin"] }).notNull(),
    /** SHA-256 of the token, hex. */
    hash: text("hash").notNull(),
    created_at: integer("created_at").notNull(),
    /** The token that created it. */
    created_by: text("created_by").notNull(),
    expires_at: integer("expires_at"),
    /** To the minute. */
    last_used_at: integer("last_used_at"),
  },
  (table) => [uniqueIndex("tokens_hash").on(table.hash)],
);

/** Dashboard sessions that were signed out before they expired. WITHOUT ROWID. */
export const endedSessions = sqliteTable("ended_sessions", {
  id: text("id").primaryKey(),
  /** When the session would have expired; the row can be removed then. */
  expires_at: integer("expires_at").notNull(),
});

/** Alerts. The state and the configuration are separate columns. WITHOUT ROWID. */
export const alerts = sqliteTable("alerts", {
  id: text("id").primaryKey(),
  spec: text("spec").notNull(),
  /** JSON: AlertState */
  state: text("state").notNull(),
  /** Counts the changes of the state. */
  revision: integer("revision").notNull(),
  created_at: integer("created_at").notNull(),
  updated_at: integer("updated_at").notNull(),
});

/** The audit log, see model/audit.ts. The time is part of the key. WITHOUT ROWID. */
export const audit = sqliteTable("audit", {
  id: text("id").primaryKey(),
  actor: text("actor").notNull(),
  actor_name: text("actor_name").notNull(),
  action: text("action").$type<AuditAction>().notNull(),
  kind: text("kind").$type<AuditKind>().notNull(),
  resource_id: text("resource_id").notNull(),
  resource_name: text("resource_name"),
  /** JSON: [pointer, …] */
  changed: text("changed").notNull(),
  request_id: text("request_id"),
});

/** Refused requests by hour, source and reason. An empty source stands for requests to an unknown one. WITHOUT ROWID. */
export const rejections = sqliteTable(
  "rejections",
  {
    hour: integer("hour").notNull(),
    source_id: text("source_id").notNull(),
    reason: text("reason").notNull(),
    count: integer("count").notNull(),
  },
  (table) => [primaryKey({ columns: [table.hour, table.source_id, table.reason] })],
);

/** The latest refused requests, one row for each source and reason. WITHOUT ROWID. */
export const rejectionSamples = sqliteTable(
  "rejection_samples",
  {
    source_id: text("source_id").notNull(),
    reason: text("reason").notNull(),
    last_at: integer("last_at").notNull(),
    /** JSON: [RejectionSample, …], newest first. */
    samples: text("samples").notNull(),
  },
  (table) => [primaryKey({ columns: [table.source_id, table.reason] })],
);

/** What keeps failing, by destination and cause; see model/issue.ts. WITHOUT ROWID. */
export const issues = sqliteTable(
  "issues",
  {
    destination_id: text("destination_id").$type<DestinationId>().notNull(),
    cause: text("cause").notNull(),
    count: integer("count").notNull(),
    first_seen_at: integer("first_seen_at").notNull(),
    last_seen_at: integer("last_seen_at").notNull(),
    affected_from: integer("affected_from").notNull(),
    last_delivery_id: text("last_delivery_id").$type<DeliveryId>().notNull(),
    reopened: integer("reopened").notNull(),
    acknowledged_at: integer("acknowledged_at"),
    muted_at: integer("muted_at"),
    muted_until: integer("muted_until"),
    closed_at: integer("closed_at"),
    closed_by: text("closed_by"),
  },
  (table) => [primaryKey({ columns: [table.destination_id, table.cause] })],
);

/** Counts of a minute, hour or day (`step`, milliseconds) by source and destination. Step 0: totals; -1: see counted-types.ts. WITHOUT ROWID. */
export const counters = sqliteTable(
  "counters",
  {
    step: integer("step").notNull(),
    /** Start of the minute, hour or day; 0 with step 0. */
    at: integer("at").notNull(),
    /** Empty for none. */
    source_id: text("source_id").notNull(),
    /** Empty for counts per event. */
    destination_id: text("destination_id").notNull(),
    /** JSON: {name: sum}, see stats/counts.ts. */
    counts: text("counts").notNull(),
  },
  (table) => [primaryKey({ columns: [table.step, table.at, table.source_id, table.destination_id] })],
);

/** The progress of step-by-step jobs. WITHOUT ROWID. */
export const marks = sqliteTable("marks", {
  name: text("name").primaryKey(),
  /** Milliseconds since the epoch. */
  at: integer("at").notNull(),
});
