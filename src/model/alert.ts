// An alert: a condition that the sweep checks, and the target that it notifies. As stored: the target's address and keys in their stored forms.
import * as z from "zod";
import { MAX_ALERT_WINDOW_SECONDS, MAX_WAITING_COUNTED, PAGERDUTY_URL } from "../config/limits.ts";
import type { DestinationHealth, SourceHealth } from "./health.ts";
import { nameSchema } from "./names.ts";
import { storedSecretSchema } from "./secret.ts";

const windowSchema = z.int().min(60).max(MAX_ALERT_WINDOW_SECONDS).default(3_600);

export const alertRuleSchema = z.discriminatedUnion("type", [
  /** More than `threshold` deliveries have become dead within the window. */
  z.strictObject({
    type: z.literal("dead_letters"),
    threshold: z.int().min(0).max(1_000_000_000).default(0),
    window_seconds: windowSchema,
  }),
  /** Less than `below` of the attempts within the window succeeded. Fewer than `min_attempts` give no result. */
  z.strictObject({
    type: z.literal("success_rate"),
    below: z.number().gt(0).max(1),
    window_seconds: windowSchema,
    min_attempts: z.int().min(1).max(1_000_000).default(20),
  }),
  /** A circuit is not closed. */
  z.strictObject({ type: z.literal("circuit_open") }),
  /** A destination is failing or its circuit is open, as its `health` says. */
  z.strictObject({ type: z.literal("destination_failing") }),
  /** A source refuses everything, as its `health` says. */
  z.strictObject({ type: z.literal("source_refusing") }),
  /** The oldest waiting delivery came in longer ago than that. Scheduled and held deliveries do not count. */
  z.strictObject({
    type: z.literal("oldest_message"),
    older_than_seconds: z
      .int()
      .min(1)
      .max(30 * 86_400),
  }),
  /** More than `threshold` deliveries wait. Scheduled and held ones do not count. */
  z.strictObject({
    type: z.literal("backlog"),
    threshold: z
      .int()
      .min(0)
      .max(MAX_WAITING_COUNTED - 1),
  }),
  /** More than `threshold` issues are open: neither acknowledged nor muted. */
  z.strictObject({ type: z.literal("open_issues"), threshold: z.int().min(0).max(1_000).default(0) }),
  /** The database has at least `percent` of the record's limit. */
  z.strictObject({ type: z.literal("storage"), percent: z.int().min(1).max(100).default(70) }),
]);
export type AlertRule = z.infer<typeof alertRuleSchema>;
export type RuleType = AlertRule["type"];

/** Rules that can be limited to a source. What waits and what a circuit holds back belongs to a destination. */
export const knowsSources = ({ type }: { readonly type: RuleType }): boolean =>
  type === "dead_letters" || type === "success_rate" || type === "source_refusing";

/** Rules that can be limited to a destination. The database is everyone's. */
export const knowsDestinations = ({ type }: { readonly type: RuleType }): boolean =>
  type !== "storage" && type !== "source_refusing";

const hostSchema = z.string().max(300);
const postSchema = (type: "webhook" | "slack" | "discord" | "teams") =>
  z.strictObject({ type: z.literal(type), url: storedSecretSchema, host: hostSchema });

/** Who is notified. The address of a chat's webhook is a credential and stored like one; only its `host` is shown. */
export const alertTargetSchema = z.discriminatedUnion("type", [
  postSchema("webhook"),
  postSchema("slack"),
  postSchema("discord"),
  postSchema("teams"),
  z.strictObject({
    type: z.literal("pagerduty"),
    routing_key: storedSecretSchema,
    url: storedSecretSchema.optional().describe("An endpoint other than PagerDuty's own"),
    host: hostSchema,
  }),
]);
export type AlertTarget = z.infer<typeof alertTargetSchema>;

export const SEVERITIES = ["critical", "error", "warning", "info"] as const;

export const alertSpecSchema = z.strictObject({
  name: nameSchema,
  enabled: z.boolean().default(true),
  severity: z.enum(SEVERITIES).default("error"),
  rule: alertRuleSchema,
  source: z.string().nullable().default(null).describe("Id or slug of a source; null counts all together"),
  destination: z.string().nullable().default(null).describe("Id or slug of a destination; null counts all together"),
  for_seconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(0)
    .describe("How long the condition must hold before the alert opens"),
  resolve_after_seconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(120)
    .describe("How long the condition must be gone before the alert is resolved"),
  repeat_minutes: z
    .int()
    .min(1)
    .max(10_080)
    .nullable()
    .default(60)
    .describe("How often an open alert is repeated; null: never"),
  target: alertTargetSchema,
});
export type AlertSpec = z.infer<typeof alertSpecSchema>;

/** The address of a target that names none. */
export const defaultUrl = (target: { readonly type?: unknown }): string | null =>
  target.type === "pagerduty" ? PAGERDUTY_URL : null;

/** One destination's part of a value, or one issue's. */
export interface AlertDetail {
  /** The slug of the source or destination, or its id if it has been deleted. For an issue, its cause follows. */
  readonly name: string;
  readonly value: number;
  /** The id of the issue, or of the destination's latest open one. */
  readonly issue?: string;
}

/** The result of a check. `unknown`: too little has happened to judge. */
export interface Observation {
  readonly verdict: "breached" | "clear" | "unknown";
  /** Deliveries, a share, seconds, issues, circuits or percent, depending on the rule. */
  readonly value: number | null;
  /** The destinations with the largest part, largest first. */
  readonly details: readonly AlertDetail[];
}

export type NoticeKind = "opened" | "repeated" | "resolved" | "test";

/** A notification, kept until it has been delivered. */
export interface Notice {
  /** The same at every try, so that its receiver can drop repeats. */
  readonly id: string;
  readonly kind: NoticeKind;
  /** Identifies everything from `opened` to `resolved`. */
  readonly incident: string;
  /** When it was decided. Milliseconds since the epoch. */
  readonly at: number;
  readonly value: number | null;
  readonly details: readonly AlertDetail[];
  readonly attempts: number;
  readonly next_at: number;
}

/** A test is sent at once and never kept. */
export type KeptNotice = Notice & { readonly kind: Exclude<NoticeKind, "test"> };

export interface AlertState {
  readonly state: "ok" | "firing";
  /** When it entered this state; null before the first change. */
  readonly since: number | null;
  readonly value: number | null;
  /** When the condition began to hold; and, while firing, when it ceased. */
  readonly breached_since: number | null;
  readonly clear_since: number | null;
  readonly incident: string | null;
  /** When a notification was last due. */
  readonly noticed_at: number | null;
  readonly notice: KeptNotice | null;
  readonly last_sent_at: number | null;
  /** Of the last try; null once one has succeeded. */
  readonly last_error: string | null;
}

export const NEW_ALERT_STATE: AlertState = {
  state: "ok",
  since: null,
  value: null,
  breached_since: null,
  clear_since: null,
  incident: null,
  noticed_at: null,
  notice: null,
  last_sent_at: null,
  last_error: null,
};

export interface Alert {
  readonly id: string;
  readonly spec: AlertSpec;
  readonly state: AlertState;
  /** Counts the changes of its state. */
  readonly revision: number;
}

/**
 * What is measured for a rule: counts within the window by destination, waiting deliveries, open issues, circuits that are not closed, health, or the
 * database.
 */
export type Reading =
  | {
      readonly kind: "counts";
      readonly rows: readonly {
        readonly name: string;
        readonly dead: number;
        readonly attempts: number;
        readonly failed: number;
      }[];
    }
  | {
      readonly kind: "waiting";
      readonly rows: readonly { readonly name: string; readonly count: number; readonly oldest_at: number }[];
    }
  | {
      readonly kind: "issues";
      readonly rows: readonly { readonly name: string; readonly count: number; readonly issue: string }[];
    }
  | { readonly kind: "circuits"; readonly names: readonly string[] }
  | {
      readonly kind: "health";
      readonly rows: readonly { readonly name: string; readonly health: DestinationHealth | SourceHealth }[];
    }
  | { readonly kind: "storage"; readonly percent: number };
