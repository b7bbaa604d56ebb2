// The contract of the figures: series, refusals, ledger, queues.
import { LEDGER_PIECE_EVENTS, MAX_COUNTED_DEAD, MAX_LEDGER_PIECES } from "../../config/record-limits.ts";
import { REFUSAL_REASONS } from "../../model/rejection.ts";
import { STORAGE_LEVELS } from "../../model/watermarks.ts";
import { GROUPS } from "../../store/index.ts";
import { chapter } from "./operation.ts";
import { DELIVERY_FILTERS } from "./deliveries.ts";
import { EVENT_STATUS } from "./events.ts";
import { DESTINATION, FROM, SOURCE, taking, TO, TYPE } from "./parameters.ts";
import { flag, headers, instant, list, map, nullable, number, object, oneOf, say, text } from "./schema.ts";

const refusalReason = oneOf(REFUSAL_REASONS);
const rejectionSample = {
  source: nullable(text),
  source_slug: nullable(text),
  slug: say(
    nullable(text),
    "As the URL names it, also where there is no such source, cut where it is longer than a slug; null where there is none",
  ),
  reason: refusalReason,
  cause: nullable(text),
  at: instant,
  method: text,
  path: text,
  query: text,
  headers: headers,
  ip: nullable(text),
  body: text,
  body_encoding: oneOf(["utf8", "base64"]),
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

const SOURCE_ID = "src_01kaxh8e3m7v9q2r4t6w8y0a1b";
const FIGURES = {
  accepted: 100,
  rejected: 1,
  duplicates: 1,
  ignored: 4,
  bytes_in: 52_000,
  deliveries: 95,
  delivered: 90,
  attempts: 97,
  failed_attempts: 5,
  deferred: 3,
  dead: 2,
  cancelled: 0,
  latency_ms: { p50: 120, p95: 800, p99: 2_400 },
  attempt_ms: { p50: 80, p95: 240, p99: 900 },
};

const INTERVAL = taking(text, "`minute`, `hour`, `day`, or a number of them: `5m`, `6h`, `7d`", "hour");
const COUNTED =
  "Counted from what is on record, newest first, by the instant at which the event was received. An answer examines a bounded number: it says how far back the counts are complete. The last 24 hours, unless a range is given.";

export const figuresChapter = chapter({
  name: "Figures",
  description: "Volumes, latencies, refused requests, backlogs, and whether the ledger balances.",
  schemas: () => ({
    Rejections: object({
      from: instant,
      to: instant,
      total: number,
      counts: list(
        object({ source: nullable(text), source_slug: nullable(text), reason: refusalReason, count: number }),
      ),
      hours: list(object({ hour: instant, reason: refusalReason, count: number })),
      samples: list(object(rejectionSample)),
    }),
    Stats: object({
      from: instant,
      to: instant,
      interval_seconds: number,
      group_by: oneOf(GROUPS),
      groups_left_out: number,
      overall: nullable(object({ totals: object(figures), points: list(object({ at: instant, ...figures })) })),
      series: list(
        object(
          {
            source: nullable(text),
            source_slug: nullable(text),
            destination: nullable(text),
            destination_slug: nullable(text),
            totals: object(figures),
            points: list(object({ at: instant, ...figures })),
          },
          ["source", "source_slug", "destination", "destination_slug"],
        ),
      ),
    }),
    Counts: object({
      from: instant,
      to: instant,
      interval_seconds: number,
      counted_from: say(instant, "The counts are complete from here on"),
      complete: say(flag, "Whether that is all of the range"),
      points: list(
        object({
          at: instant,
          counts: say(map(number), "Deliveries by status, or `events`; what is missing is 0"),
        }),
      ),
    }),
    Ledger: object({
      from: instant,
      to: instant,
      balanced: flag,
      data: list(
        object({
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
      ),
      differences: list(
        object({
          kind: oneOf(["missing_delivery", "surplus_delivery", "no_next_step", "event_missing"]),
          event: text,
          delivery: nullable(text),
          matched: nullable(number),
          found: nullable(number),
          hour: instant,
          source: nullable(text),
          source_slug: nullable(text),
        }),
      ),
      differences_left_out: number,
      next_cursor: nullable(text),
    }),
    Queues: object({
      queues: list(
        object({
          name: text,
          backlog_count: nullable(number),
          backlog_bytes: nullable(number),
          oldest_message_at: nullable(instant),
        }),
      ),
      dead_letters: say(number, `Deliveries that are dead now, counted up to ${MAX_COUNTED_DEAD}`),
      database: object({
        size_bytes: number,
        max_bytes: say(number, "The record's limit, `RECORD_LIMIT_MB`"),
        level: say(
          oneOf(STORAGE_LEVELS),
          "`shedding`: what has ended goes before its time, the oldest first. `full`: sources answer 429",
        ),
        shed_before: say(
          nullable(instant),
          "What was accepted before this and has ended may have gone before its time",
        ),
      }),
      set_aside: say(
        nullable(
          object({
            objects: list(object({ key: text, at: nullable(instant) })),
            more: say(flag, "Whether there are more than these"),
          }),
        ),
        "Objects in R2 with events that cannot be recorded, the oldest first; null while R2 does not answer",
      ),
    }),
  }),
  examples: {
    Rejections: {
      from: "2026-11-24T00:00:00.000Z",
      to: "2026-11-25T00:00:00.000Z",
      total: 1,
      counts: [{ source: SOURCE_ID, source_slug: "shop", reason: "verification_failed", count: 1 }],
      hours: [{ hour: "2026-11-24T09:00:00.000Z", reason: "verification_failed", count: 1 }],
      samples: [
        {
          source: SOURCE_ID,
          source_slug: "shop",
          slug: "shop",
          reason: "verification_failed",
          cause: "signature_mismatch",
          at: "2026-11-24T09:00:00.000Z",
          method: "POST",
          path: "",
          query: "",
          headers: [["content-type", "application/json"]],
          ip: "203.0.113.9",
          body: "{}",
          body_encoding: "utf8",
        },
      ],
    },
    Stats: {
      from: "2026-11-24T09:00:00.000Z",
      to: "2026-11-24T10:00:00.000Z",
      interval_seconds: 3_600,
      group_by: "none",
      groups_left_out: 0,
      overall: null,
      series: [{ totals: FIGURES, points: [{ at: "2026-11-24T09:00:00.000Z", ...FIGURES }] }],
    },
    Counts: {
      from: "2026-11-24T09:00:00.000Z",
      to: "2026-11-24T10:00:00.000Z",
      interval_seconds: 3_600,
      counted_from: "2026-11-24T09:00:00.000Z",
      complete: true,
      points: [{ at: "2026-11-24T09:00:00.000Z", counts: { delivered: 90, dead: 2 } }],
    },
    Ledger: {
      from: "2026-11-24T09:00:00.000Z",
      to: "2026-11-24T10:00:00.000Z",
      balanced: true,
      data: [
        {
          hour: "2026-11-24T09:00:00.000Z",
          source: SOURCE_ID,
          source_slug: "shop",
          events: 100,
          duplicates: 1,
          ignored: 4,
          matched: 95,
          delivered: 90,
          dead: 2,
          cancelled: 0,
          in_flight: 3,
          replays: 0,
          without_event: 0,
          difference: 0,
          balanced: true,
          complete: true,
        },
      ],
      differences: [],
      differences_left_out: 0,
      next_cursor: null,
    },
    Queues: {
      queues: [
        {
          name: "sluice-events",
          backlog_count: 12,
          backlog_bytes: 34_000,
          oldest_message_at: "2026-11-24T09:00:00.000Z",
        },
      ],
      dead_letters: 3,
      database: { size_bytes: 52_428_800, max_bytes: 10_000_000_000, level: "ok", shed_before: null },
      set_aside: { objects: [], more: false },
    },
  },
  operations: {
    "GET /rejections": {
      id: "getRejections",
      summary: "Refused requests: counts by source, reason and hour, with the latest of each",
      description: "The last 24 hours, unless a range is given.",
      answer: [200, "Rejections"],
      query: { source: SOURCE, from: FROM, to: TO },
    },
    "GET /stats": {
      id: "getStats",
      summary: "Counts and latency percentiles as a series: in total, or by source or destination",
      description: "The last 24 hours, unless a range is given.",
      answer: [200, "Stats"],
      query: {
        from: FROM,
        to: TO,
        interval: INTERVAL,
        group_by: taking(oneOf(GROUPS), "One series for each", "destination"),
        only: taking(
          oneOf(["events"]),
          "Only the figures of events: those of deliveries are zero. Reads less",
          "events",
        ),
        source: SOURCE,
        destination: DESTINATION,
      },
    },
    "GET /stats/events": {
      id: "countEvents",
      summary: "Events over time, by the filters of their list",
      description: COUNTED,
      answer: [200, "Counts"],
      query: { interval: INTERVAL, source: SOURCE, from: FROM, to: TO, status: EVENT_STATUS, type: TYPE },
    },
    "GET /stats/deliveries": {
      id: "countDeliveries",
      summary: "Deliveries over time and by status, by the filters of their list",
      description: COUNTED,
      answer: [200, "Counts"],
      query: { interval: INTERVAL, ...DELIVERY_FILTERS },
    },
    "GET /ledger": {
      id: "getLedger",
      summary: "The balance that must hold for each hour and source, and the ids of every difference",
      description: "The last 24 hours, unless a range is given. Ranges are widened to whole hours.",
      answer: [200, "Ledger"],
      query: {
        from: FROM,
        to: TO,
        events: taking(
          { type: "integer", minimum: 1, maximum: MAX_LEDGER_PIECES * LEDGER_PIECE_EVENTS },
          "Read at most this many events",
          5_000,
        ),
        cursor: taking(text, "The `next_cursor` of the previous answer"),
      },
    },
    "GET /queues": {
      id: "getQueues",
      summary: "Backlog, bytes and oldest message of each queue; the size of the database; records that were set aside",
      answer: [200, "Queues"],
    },
  },
});
