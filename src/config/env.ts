// The Worker's variables and secrets, parsed once. Bindings stay on `Env`, which `wrangler types` generates.
import { adminTokenFault as faultOf } from "./admin-token.ts";
import { DEFAULT_BACKPRESSURE_SHARE, FULL_SHARE } from "./limits.ts";
import { asciiLowerCase } from "../kernel/ascii.ts";
import { DAY_MS, SECOND_MS } from "../kernel/durations.ts";
import { MAX_DATABASE_BYTES } from "./record-limits.ts";

export type JournalMode = "fallback" | "always";
export type LogLevel = "debug" | "info" | "silent";
/** `free`: an invocation has 50 subrequests and 50 queries. See worker/budget.ts. */
type Plan = "paid" | "free";

const ACCESS_SCOPES = ["read", "write", "admin"] as const;

export interface AccessSettings {
  /** The team's origin, which issues the assertions: `https://yourteam.cloudflareaccess.com`. */
  readonly origin: string;
  /** Audience tags of the Access applications in front of this Worker. */
  readonly audiences: readonly string[];
  /** The scope of everyone that Access signs in. */
  readonly scope: (typeof ACCESS_SCOPES)[number];
  /** E-mail addresses, in lower case, that get the scope `admin`. */
  readonly admins: readonly string[];
}

/** How full the record may become, and the shares of that, 0 to 1, from which on something is done about it. See model/watermarks.ts. */
export interface Watermarks {
  readonly limitBytes: number;
  readonly warn: number;
  readonly shed: number;
  readonly refuse: number;
}

export interface Settings {
  readonly journal: JournalMode;
  readonly logLevel: LogLevel;
  readonly plan: Plan;
  readonly retentionMs: number;
  /** How long the audit log is kept. */
  readonly auditRetentionMs: number;
  /** The share of the queue's capacity above which sources are refused, the largest first. */
  readonly backpressureShare: number;
  readonly watermarks: Watermarks;
  /** Plain http and loopback destinations are allowed: local development only. */
  readonly allowPrivate: boolean;
  /** Plain http to public addresses is allowed. */
  readonly allowHttp: boolean;
  /** Hosts of this deployment. */
  readonly hostnames: readonly string[];
  /** The origin that senders are told, such as that of a custom domain; null: the one that the caller used. */
  readonly publicOrigin: string | null;
  /** DNS-over-HTTPS resolvers, tried in order. Empty: no look-up. */
  readonly dohUrls: readonly string[];
  /** The base of Cloudflare's API, by which queues of other Workers are reached. */
  readonly cloudflareApi: string;
  /** How long a journaled event is assumed to be in the queue before the sweep sends it again. Milliseconds. */
  readonly outboxVisibilityMs: number;
  /** How long a delivery may be overdue before the sweep puts it back into its queue. Milliseconds. */
  readonly sweepGraceMs: number;
  /** Cloudflare Access signs people in to the dashboard; null: API tokens do. `misconfigured`: no one can sign in. */
  readonly access: AccessSettings | "misconfigured" | null;
  /** Null when it is missing or can be guessed: the management API is closed then, and ingest goes on. */
  readonly adminToken: string | null;
  /** Why the admin token is refused; null when it is missing or fine. */
  readonly adminTokenFault: string | null;
  readonly masterKey: string | null;
  /** Former master keys, which can still open what they sealed. */
  readonly oldMasterKeys: readonly string[];
  /** Secrets that sign callbacks, as `whsec_…`. Empty: secrets derived from the master keys. */
  readonly callbackSecrets: readonly string[];
}

const DEFAULT_CLOUDFLARE_API_URL = "https://api.cloudflare.com/client/v4";
const DEFAULT_DOH_URL = "https://cloudflare-dns.com/dns-query";

/** Variables and secrets that the deployment sets, each optional. */
export interface OuterVariables {
  JOURNAL?: string;
  LOG_LEVEL?: string;
  SLUICE_PLAN?: string;
  RETENTION_DAYS?: string;
  AUDIT_RETENTION_DAYS?: string;
  BACKPRESSURE_SHARE?: string;
  RECORD_LIMIT_MB?: string;
  RECORD_LIMIT_STEPS?: string;
  SLUICE_ALLOW_PRIVATE?: string;
  SLUICE_ALLOW_HTTP?: string;
  SLUICE_HOSTNAMES?: string;
  SLUICE_URL?: string;
  DOH_URL?: string;
  CLOUDFLARE_API_URL?: string;
  OUTBOX_VISIBILITY_SECONDS?: string;
  SWEEP_GRACE_SECONDS?: string;
  ACCESS_TEAM_DOMAIN?: string;
  ACCESS_AUD?: string;
  ACCESS_SCOPE?: string;
  ACCESS_ADMINS?: string;
  SLUICE_ADMIN_TOKEN?: string;
  SLUICE_MASTER_KEY?: string;
  SLUICE_MASTER_KEYS_OLD?: string;
  SLUICE_CALLBACK_SECRET?: string;
}

export function readSettings(vars: OuterVariables): Settings {
  const adminToken = vars.SLUICE_ADMIN_TOKEN?.trim() || null;
  const adminTokenFault = adminToken === null ? null : faultOf(adminToken);
  return {
    journal: vars.JOURNAL === "always" ? "always" : "fallback",
    logLevel: vars.LOG_LEVEL === "debug" ? "debug" : vars.LOG_LEVEL === "silent" ? "silent" : "info",
    plan: vars.SLUICE_PLAN === "free" ? "free" : "paid",
    backpressureShare: Math.min(FULL_SHARE, positive(vars.BACKPRESSURE_SHARE, DEFAULT_BACKPRESSURE_SHARE)),
    retentionMs: positive(vars.RETENTION_DAYS, 14) * DAY_MS,
    auditRetentionMs: positive(vars.AUDIT_RETENTION_DAYS, 400) * DAY_MS,
    watermarks: watermarks(vars),
    allowPrivate: vars.SLUICE_ALLOW_PRIVATE === "true",
    allowHttp: vars.SLUICE_ALLOW_HTTP === "true",
    hostnames: list(vars.SLUICE_HOSTNAMES),
    publicOrigin: URL.parse(vars.SLUICE_URL?.trim() ?? "")?.origin ?? null,
    dohUrls: vars.DOH_URL?.trim() === "off" ? [] : (nonEmpty(list(vars.DOH_URL)) ?? [DEFAULT_DOH_URL]),
    cloudflareApi: (vars.CLOUDFLARE_API_URL?.trim() || DEFAULT_CLOUDFLARE_API_URL).replace(/\/+$/, ""),
    outboxVisibilityMs: positive(vars.OUTBOX_VISIBILITY_SECONDS, 60) * SECOND_MS,
    sweepGraceMs: positive(vars.SWEEP_GRACE_SECONDS, 60) * SECOND_MS,
    access: accessSettings(vars),
    adminToken: adminTokenFault === null ? adminToken : null,
    adminTokenFault,
    masterKey: vars.SLUICE_MASTER_KEY?.trim() || null,
    callbackSecrets: (vars.SLUICE_CALLBACK_SECRET ?? "").split(/[\s,]+/).filter((secret) => secret !== ""),
    oldMasterKeys: (vars.SLUICE_MASTER_KEYS_OLD ?? "")
      .split(",")
      .map((key) => key.trim())
      .filter((key) => key !== ""),
  };
}

/** Any of the variables turns Access on: a missing or misspelled one must not leave the dashboard open to tokens. */
function accessSettings(vars: OuterVariables): Settings["access"] {
  const [domain, audiences, admins] = [
    vars.ACCESS_TEAM_DOMAIN?.trim() ?? "",
    list(vars.ACCESS_AUD),
    list(vars.ACCESS_ADMINS),
  ];
  const given = vars.ACCESS_SCOPE?.trim() ?? "";
  if (domain === "" && audiences.length === 0 && admins.length === 0 && given === "") return null;
  const host = /^(?:https:\/\/)?([a-z0-9-]+(?:\.[a-z0-9-]+)*)\/?$/.exec(domain.toLowerCase())?.[1];
  const scope = given === "" ? "read" : ACCESS_SCOPES.find((one) => one === given);
  if (host === undefined || audiences.length === 0 || scope === undefined) return "misconfigured";
  const origin = `https://${host.includes(".") ? host : `${host}.cloudflareaccess.com`}`;
  return { origin, audiences, scope, admins: admins.map(asciiLowerCase) };
}

const DEFAULT_STEPS = [70, 85, 95] as const;

/** Steps that are not three ascending percentages are left at their defaults: a typing error must not switch them off. */
function watermarks({ RECORD_LIMIT_MB, RECORD_LIMIT_STEPS }: OuterVariables): Watermarks {
  const given = list(RECORD_LIMIT_STEPS).map(Number);
  const ascends = given.every((step, index) => step > (given[index - 1] ?? 0) && step <= 100);
  const steps = given.length === DEFAULT_STEPS.length && ascends ? given : DEFAULT_STEPS;
  const [warn = 0, shed = 0, refuse = 0] = steps.map((step) => step / 100);
  const limitBytes = Math.min(MAX_DATABASE_BYTES, positive(RECORD_LIMIT_MB, Infinity) * 1_000_000);
  return { limitBytes, warn, shed, refuse };
}

const list = (text: string | undefined): string[] =>
  (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

const nonEmpty = (texts: readonly string[]): readonly string[] | null => (texts.length === 0 ? null : texts);

function positive(text: string | undefined, fallback: number): number {
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) && value > 0 ? value : fallback;
}
