// The form of a destination. The selected types decide which fields credentials, signing and retries have.
import { METHODS } from "../../model/source.ts";
import { ADDRESSES, AUTH_OF_TYPE, TYPES } from "./broker-fields.ts";
import type { FieldSpec, FormSpec, FormValues } from "./form-spec.ts";

const AUTH: Readonly<Record<string, readonly FieldSpec[]>> = {
  none: [],
  bearer: [auth("token", "Token", "secret")],
  basic: [auth("username", "User name", "text"), auth("password", "Password", "secret")],
  api_key: [
    auth("name", "Name of the header or parameter", "text", { placeholder: "x-api-key" }),
    auth("in", "Location of the key", "select", { options: ["header", "query"], initial: "header" }),
    auth("value", "Key", "secret"),
  ],
  hmac: [
    auth("secret", "Secret", "secret"),
    auth("header", "Signature header", "text", { initial: "x-signature" }),
    auth("algorithm", "Algorithm", "select", { options: ["sha1", "sha256", "sha384", "sha512"], initial: "sha256" }),
    auth("encoding", "Encoding", "select", { options: ["hex", "base64", "base64url"], initial: "hex" }),
    auth("prefix", "Signature prefix", "text", { placeholder: "sha256=" }),
    auth("template", "Signed content", "text", {
      initial: "{body}",
      hint: "Variables: {body}, {timestamp}, {id}, {method}, {path}, {query}, {url}.",
    }),
    auth("timestamp_header", "Timestamp header", "text"),
    auth("secret_encoding", "Encoding of the secret", "select", {
      options: ["utf8", "base64", "hex"],
      initial: "utf8",
    }),
  ],
  oauth2_client_credentials: [
    auth("token_url", "Token URL", "url"),
    auth("client_id", "Client ID", "text"),
    auth("client_secret", "Client secret", "secret"),
    auth("scope", "Scope", "text"),
    auth("audience", "Audience", "text"),
    auth("auth_style", "Send credentials in", "select", {
      options: [
        ["basic", "the header"],
        ["post", "the body"],
      ],
      initial: "basic",
    }),
  ],
  aws_sigv4: [
    auth("access_key_id", "Access key ID", "text"),
    auth("secret_access_key", "Secret access key", "secret"),
    auth("session_token", "Session token", "secret"),
    auth("region", "Region", "text", { placeholder: "eu-central-1" }),
    auth("service", "Service", "text", { placeholder: "execute-api" }),
  ],
  mtls: [auth("binding", "mTLS certificate binding of the Worker", "text")],
  sasl_plain: [auth("username", "User name", "text"), auth("password", "Password", "secret")],
  sasl_scram_sha_256: [auth("username", "User name", "text"), auth("password", "Password", "secret")],
  sasl_scram_sha_512: [auth("username", "User name", "text"), auth("password", "Password", "secret")],
};

const AUTH_TYPES: readonly (readonly [string, string])[] = [
  ["none", "None"],
  ["bearer", "Bearer token"],
  ["basic", "User name and password"],
  ["api_key", "API key"],
  ["hmac", "HMAC signature"],
  ["oauth2_client_credentials", "OAuth 2.0 client credentials"],
  ["aws_sigv4", "AWS Signature Version 4"],
  ["mtls", "Client certificate (mTLS)"],
  ["sasl_plain", "SASL PLAIN"],
  ["sasl_scram_sha_256", "SASL SCRAM-SHA-256"],
  ["sasl_scram_sha_512", "SASL SCRAM-SHA-512"],
];

/** Those of HTTP. */
const HTTP_AUTH = ["none", "bearer", "basic", "api_key", "hmac", "oauth2_client_credentials", "aws_sigv4", "mtls"];

function auth(name: string, label: string, kind: FieldSpec["kind"], more: Partial<FieldSpec> = {}): FieldSpec {
  return { path: `auth/${name}`, label, kind, ...more };
}

const SIGNING: readonly FieldSpec[] = [
  { path: "signing/algorithm", label: "Algorithm", kind: "select", options: ["hmac", "ed25519"], initial: "hmac" },
  {
    path: "signing/secrets",
    label: "Secrets",
    kind: "secrets",
    rows: 2,
    hint: "whsec_… or whsk_…, one per line. Empty: Sluice generates one and shows it once.",
  },
];

const BACKOFF: readonly FieldSpec[] = [
  { path: "retry/base_seconds", label: "First delay (seconds)", kind: "number", placeholder: "5" },
  { path: "retry/cap_seconds", label: "Longest delay (seconds)", kind: "number", placeholder: "86400" },
];
const SCHEDULE: readonly FieldSpec[] = [
  {
    path: "retry/schedule_seconds",
    label: "Delays between attempts (seconds)",
    kind: "numbers",
    placeholder: "5, 30, 120, 600, 1800, 3600, 10800, 21600, 43200, 86400",
  },
];

const BATCHING: readonly FieldSpec[] = [
  {
    path: "batch/max_events",
    label: "Maximum events per request",
    kind: "number",
    hint: "Empty: one request per event.",
    help: "batches",
  },
  { path: "batch/max_bytes", label: "Maximum size of a request (bytes)", kind: "number" },
  { path: "batch/max_wait_seconds", label: "Maximum wait (seconds)", kind: "number" },
  {
    path: "batch/format",
    label: "Format",
    kind: "select",
    options: [
      ["json_array", "JSON array"],
      ["ndjson", "NDJSON"],
    ],
    initial: "json_array",
  },
];

const HTTP_ADDRESS: readonly FieldSpec[] = [
  { path: "url", label: "URL", kind: "url", required: true, placeholder: "https://api.example.com/webhooks" },
  { path: "method", label: "Method", kind: "select", options: [["", "As received"], ...METHODS], empty: "null" },
  { path: "path_forwarding", label: "Append the event's sub-path to the URL", kind: "check", initial: "on" },
];

/** The fields in the page's groups. @param values types of the destination, of auth and signing, strategy of retries */
export function destinationGroups(values: FormValues): Readonly<Record<string, readonly FieldSpec[]>> {
  const chosen = (path: string, otherwise: string): string => values[path]?.[0] ?? otherwise;
  const type = chosen("type", "http");
  const address = Object.hasOwn(ADDRESSES, type) ? (ADDRESSES[type] ?? []) : null;
  const allowed = (address === null ? null : AUTH_OF_TYPE[type]) ?? HTTP_AUTH;
  const wanted = chosen("auth/type", allowed[0] ?? "none");
  const authType = allowed.includes(wanted) ? wanted : (allowed[0] ?? "none");
  return {
    "": [
      { path: "type", label: "Type", kind: "select", options: TYPES, initial: "http", decides: true },
      { path: "name", label: "Name", kind: "text", required: true },
      { path: "slug", label: "Slug", kind: "text", hint: "a-z, 0-9 and -. Empty: derived from the name." },
      ...(address ?? HTTP_ADDRESS),
      {
        path: "headers",
        label: "Additional headers",
        kind: "headers",
        rows: 2,
        hint: "name: value, one per line. Variables such as {{event.id}} are allowed.",
        help: "variables",
      },
    ],
    Authentication: [
      {
        path: "auth/type",
        label: "Authentication type",
        kind: "select",
        options: allowed.flatMap((one) => AUTH_TYPES.filter(([value]) => value === one)),
        initial: allowed[0] ?? "none",
        decides: true,
      },
      ...(Object.hasOwn(AUTH, authType) ? (AUTH[authType] ?? []) : []).filter(
        // Of SQS it is known.
        ({ path }) => type !== "sqs" || path !== "auth/service",
      ),
    ],
    Signature: [
      {
        path: "signing/type",
        label: "Signature type",
        kind: "select",
        options: [
          ["none", "None"],
          ["standard_webhooks", "Standard Webhooks"],
        ],
        initial: "none",
        decides: true,
      },
      ...(chosen("signing/type", "none") === "none" ? [] : SIGNING),
    ],
    Limits: [
      { path: "rate_limit/limit", label: "Rate limit (requests)", kind: "number", hint: "Empty: no limit." },
      { path: "rate_limit/period_seconds", label: "Period (seconds)", kind: "number", placeholder: "1" },
      {
        path: "rate_limit/burst",
        label: "Burst",
        kind: "number",
        hint: "Requests that may be sent at once. Empty: one second's worth.",
      },
      { path: "max_concurrency", label: "Maximum concurrency", kind: "number", empty: "null" },
      { path: "timeout_ms", label: "Timeout (ms)", kind: "number", placeholder: "15000" },
      {
        path: "adaptive",
        label: "Adaptive: lower the pace after a 429 or 503, then recover",
        kind: "check",
        initial: "on",
      },
    ],
    ...(address === null ? { Batching: BATCHING } : {}),
    "Retries and circuit breaker": [
      {
        path: "retry/strategy",
        label: "Retry strategy",
        kind: "select",
        help: "retries",
        options: [
          ["", "Schedule"],
          ["exponential", "Exponential backoff"],
          ["linear", "Linear backoff"],
        ],
        decides: true,
      },
      ...(chosen("retry/strategy", "") === "" ? SCHEDULE : BACKOFF),
      { path: "retry/max_attempts", label: "Maximum attempts", kind: "number" },
      {
        path: "retry/max_age_seconds",
        label: "Maximum age (seconds)",
        kind: "number",
        placeholder: "604800",
      },
      {
        path: "retry/on",
        label: "Retry on",
        kind: "list",
        placeholder: "408, 429, 5xx, network",
        hint: "Empty: everything except 2xx.",
      },
      {
        path: "circuit/failure_threshold",
        label: "Open circuit after consecutive failures",
        kind: "number",
        initial: "20",
        hint: "Empty: no circuit breaker.",
      },
      { path: "circuit/failure_rate", label: "Or at a failure rate of (0 to 1)", kind: "number" },
      { path: "circuit/window_seconds", label: "Failure rate window (seconds)", kind: "number", placeholder: "60" },
      { path: "circuit/min_requests", label: "Minimum requests in the window", kind: "number", placeholder: "20" },
      { path: "circuit/open_seconds", label: "First open period (seconds)", kind: "number", placeholder: "10" },
      { path: "circuit/max_open_seconds", label: "Longest open period (seconds)", kind: "number", placeholder: "600" },
    ],
  };
}

export const destinationForm = (values: FormValues): FormSpec => ({
  fields: Object.values(destinationGroups(values)).flat(),
  nullable: { rate_limit: "limit", circuit: "failure_threshold", batch: "max_events" },
});
