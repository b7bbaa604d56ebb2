// The contract of what tells how Sluice fares: series, refusals, queues.
import { REFUSAL_REASONS } from "../../model/rejection.ts";
import { GROUPS } from "../stats-routes.ts";
import { flag, headers, instant, nullable, number, object, text } from "./schema.ts";
import { chapter } from "./operation.ts";

const refusalReason = { enum: [...REFUSAL_REASONS] };
const rejectionSample = {
  source: nullable(text),
  source_slug: nullable(text),
  reason: refusalReason,
  cause: nullable(text),
  at: instant,
  method: text,
  path: text,
  query: text,
  headers: headers,
  ip: nullable(text),
  body: text,
  body_encoding: { enum: ["utf8", "base64"] },
};
const percentiles = object({ p50: nullable(number), p95: nullable(number), p99: nullable(number) });
const figures = {
  accepted: number,
  rejected: nullable(number),
  duplicates: nullable(number),
  ignored: nullable(number),
  bytes_in: nullable(number),
  deliveries: number,
  delivered: number,
  attempts: number,
  failed_attempts: number,
  deferred: number,
  dead: number,
  cancelled: number,
  latency_ms: percentiles,
  attempt_ms: percentiles,
};

export const figuresChapter = chapter({
  name: "Figures",
  description: "How much, how fast, what was refused, what waits.",
  schemas: () => ({
    Rejections: object({
      from: instant,
      to: instant,
      total: number,
      counts: {
        type: "array",
        items: object({ source: nullable(text), source_slug: nullable(text), reason: refusalReason, count: number }),
      },
      hours: { type: "array", items: object({ hour: instant, reason: refusalReason, count: number }) },
      samples: { type: "array", items: object(rejectionSample) },
    }),
    Stats: object({
      from: instant,
      to: instant,
      interval_seconds: number,
      group_by: { enum: [...GROUPS] },
      groups_left_out: number,
      series: {
        type: "array",
        items: object(
          {
            source: nullable(text),
            source_slug: nullable(text),
            destination: nullable(text),
            destination_slug: nullable(text),
            totals: object(figures),
            points: { type: "array", items: object({ at: instant, ...figures }) },
          },
          ["source", "source_slug", "destination", "destination_slug"],
        ),
      },
    }),
    Ledger: object({
      from: instant,
      to: instant,
      balanced: flag,
      data: {
        type: "array",
        items: object({
          hour: instant,
          source: nullable(text),
          source_slug: nullable(text),
          events: number,
          duplicates: number,
          ignored: number,
          matched: number,
          delivered: number,
          dead: number,
          cancelled: number,
          in_flight: number,
          replays: number,
          without_event: number,
          difference: number,
          balanced: flag,
          complete: flag,
        }),
      },
      differences: {
        type: "array",
        items: object({
          kind: { enum: ["missing_delivery", "surplus_delivery", "no_next_step", "event_missing"] },
          event: text,
          delivery: nullable(text),
          matched: nullable(number),
          found: nullable(number),
          hour: instant,
          source: nullable(text),
          source_slug: nullable(text),
        }),
      },
      differences_left_out: number,
      next_cursor: nullable(text),
    }),
    Queues: object({
      queues: {
        type: "array",
        items: object({
          name: text,
          backlog_count: nullable(number),
          backlog_bytes: nullable(number),
          oldest_message_at: nullable(instant),
        }),
      },
      database: object({ size_bytes: number, max_bytes: number }),
    }),
  }),
  operations: {
    "GET /rejections": {
      summary: "Refused requests: counts by source, reason and hour, and the latest of each",
      answer: [200, "Rejections"],
      query: ["source", "from", "to"],
      problems: ["invalid"],
    },
    "GET /stats": {
      summary: "What happened when: a series of sums and latency percentiles, in all or by source or destination",
      answer: [200, "Stats"],
      query: ["from", "to", "interval", "group_by", "source", "destination"],
      problems: ["invalid"],
    },
    "GET /ledger": {
      summary: "The balance that must hold per hour and source, and the ids of what differs",
      answer: [200, "Ledger"],
      query: ["from", "to", "events", "cursor"],
      problems: ["invalid"],
    },
    "GET /queues": {
      summary: "Backlog, bytes and oldest message of each queue; the size of the database",
      answer: [200, "Queues"],
    },
  },
});
