// The form of a destination. Which fields credentials, signing and retries have follows from the type chosen.
import { METHODS } from "../../model/source.ts";
import type { FieldSpec, FormSpec, FormValues } from "./form-spec.ts";

const AUTH: Readonly<Record<string, readonly FieldSpec[]>> = {
  none: [],
  bearer: [auth("token", "Token", "secret")],
  basic: [auth("username", "User name", "text"), auth("password", "Password", "secret")],
  api_key: [
    auth("name", "Name of the header or parameter", "text", { placeholder: "x-api-key" }),
    auth("in", "Where the key stands", "select", { options: ["header", "query"], initial: "header" }),
    auth("value", "Key", "secret"),
  ],
  hmac: [
    auth("secret", "Secret", "secret"),
    auth("header", "Header of the signature", "text", { initial: "x-signature" }),
    auth("algorithm", "Algorithm", "select", { options: ["sha1", "sha256", "sha384", "sha512"], initial: "sha256" }),
    auth("encoding", "Encoding", "select", { options: ["hex", "base64", "base64url"], initial: "hex" }),
    auth("prefix", "Before the signature", "text", { placeholder: "sha256=" }),
    auth("template", "What is signed", "text", {
      initial: "{body}",
      hint: "{body}, {timestamp}, {id}, {method}, {path}, {query} or {url} are filled in.",
    }),
    auth("timestamp_header", "Header of the time of signing", "text"),
    auth("secret_encoding", "How the secret's text stands for the key", "select", {
      options: ["utf8", "base64", "hex"],
      initial: "utf8",
    }),
  ],
  oauth2_client_credentials: [
    auth("token_url", "Token URL", "url"),
    auth("client_id", "Client id", "text"),
    auth("client_secret", "Client secret", "secret"),
    auth("scope", "Scope", "text"),
    auth("audience", "Audience", "text"),
    auth("auth_style", "Credentials go in", "select", {
      options: [
        ["basic", "the header"],
        ["post", "the body"],
      ],
      initial: "basic",
    }),
  ],
  aws_sigv4: [
    auth("access_key_id", "Access key id", "text"),
    auth("secret_access_key", "Secret access key", "secret"),
    auth("session_token", "Session token", "secret"),
    auth("region", "Region", "text", { placeholder: "eu-central-1" }),
    auth("service", "Service", "text", { placeholder: "execute-api" }),
  ],
  mtls: [auth("binding", "Name of the Worker's mTLS certificate binding", "text")],
};

const AUTH_TYPES: readonly (readonly [string, string])[] = [
  ["none", "None"],
  ["bearer", "Bearer token"],
  ["basic", "Basic authentication"],
  ["api_key", "API key"],
  ["hmac", "HMAC signature"],
  ["oauth2_client_credentials", "OAuth 2.0 client credentials"],
  ["aws_sigv4", "AWS Signature Version 4"],
  ["mtls", "Client certificate (mTLS)"],
];

function auth(name: string, label: string, kind: FieldSpec["kind"], more: Partial<FieldSpec> = {}): FieldSpec {
  return { path: `auth/${name}`, label, kind, ...more };
}

const SIGNING: readonly FieldSpec[] = [
  { path: "signing/algorithm", label: "Kind of secret", kind: "select", options: ["hmac", "ed25519"], initial: "hmac" },
  {
    path: "signing/secrets",
    label: "Secrets",
    kind: "secrets",
    rows: 2,
    hint: "whsec_… or whsk_…, one a line. Empty: Sluice makes one and shows it once.",
  },
];

const BACKOFF: readonly FieldSpec[] = [
  { path: "retry/base_seconds", label: "First wait, in seconds", kind: "number", placeholder: "5" },
  { path: "retry/cap_seconds", label: "Longest wait, in seconds", kind: "number", placeholder: "86400" },
];
const SCHEDULE: readonly FieldSpec[] = [
  {
    path: "retry/schedule_seconds",
    label: "Waits between attempts, in seconds",
    kind: "numbers",
    placeholder: "5, 30, 120, 600, 1800, 3600, 10800, 21600, 43200, 86400",
  },
];

/** In groups, as the page shows them. @param values what decides: types of auth and signing, strategy of retries */
export function destinationGroups(values: FormValues): Readonly<Record<string, readonly FieldSpec[]>> {
  const chosen = (path: string, otherwise: string): string => values[path]?.[0] ?? otherwise;
  return {
    "": [
      { path: "name", label: "Name", kind: "text", required: true },
      { path: "slug", label: "Slug", kind: "text", hint: "a-z, 0-9 and -. Empty: made from the name." },
      { path: "url", label: "URL", kind: "url", required: true, placeholder: "https://api.example.com/webhooks" },
      { path: "method", label: "Method", kind: "select", options: [["", "As received"], ...METHODS], empty: "null" },
      { path: "path_forwarding", label: "Put the event's sub-path behind the URL", kind: "check", initial: "on" },
      {
        path: "headers",
        label: "Headers to add",
        kind: "headers",
        rows: 2,
        hint: "name: value, one a line. {{event.id}} and other variables are filled in.",
      },
    ],
    Credentials: [
      { path: "auth/type", label: "Credentials", kind: "select", options: AUTH_TYPES, initial: "none", decides: true },
      ...(AUTH[chosen("auth/type", "none")] ?? []),
    ],
    Signature: [
      {
        path: "signing/type",
        label: "Signature",
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
    "How much it can bear": [
      { path: "rate_limit/limit", label: "Requests at most", kind: "number", hint: "Empty: no limit." },
      { path: "rate_limit/period_seconds", label: "within, in seconds", kind: "number", placeholder: "1" },
      { path: "rate_limit/burst", label: "Burst", kind: "number", hint: "At once. Empty: one second's worth." },
      { path: "max_concurrency", label: "Requests at a time", kind: "number", empty: "null" },
      { path: "timeout_ms", label: "Timeout, in milliseconds", kind: "number", placeholder: "15000" },
      { path: "adaptive", label: "Slow down after a 429 or 503, and climb back", kind: "check", initial: "on" },
    ],
    "Several events in one request": [
      {
        path: "batch/max_events",
        label: "Events at most",
        kind: "number",
        hint: "Empty: each event in a request of its own.",
      },
      { path: "batch/max_bytes", label: "Bytes at most", kind: "number" },
      { path: "batch/max_wait_seconds", label: "Wait for more, in seconds", kind: "number" },
      {
        path: "batch/format",
        label: "As",
        kind: "select",
        options: [
          ["json_array", "JSON array"],
          ["ndjson", "NDJSON"],
        ],
        initial: "json_array",
      },
    ],
    "When it fails": [
      {
        path: "retry/strategy",
        label: "Retries",
        kind: "select",
        options: [
          ["", "By a list of waits"],
          ["exponential", "Waits that double"],
          ["linear", "Waits that grow evenly"],
        ],
        decides: true,
      },
      ...(chosen("retry/strategy", "") === "" ? SCHEDULE : BACKOFF),
      { path: "retry/max_attempts", label: "Attempts at most", kind: "number" },
      {
        path: "retry/max_age_seconds",
        label: "Dead when older than, in seconds",
        kind: "number",
        placeholder: "604800",
      },
      {
        path: "retry/on",
        label: "Retry only after",
        kind: "list",
        placeholder: "408, 429, 5xx, network",
        hint: "Empty: after everything but a 2xx.",
      },
      {
        path: "circuit/failure_threshold",
        label: "Circuit opens after failures in a row",
        kind: "number",
        initial: "20",
        hint: "Empty: no circuit breaker.",
      },
      { path: "circuit/failure_rate", label: "or at a share of failures, 0 to 1", kind: "number" },
      { path: "circuit/window_seconds", label: "counted over, in seconds", kind: "number", placeholder: "60" },
      { path: "circuit/min_requests", label: "of at least so many requests", kind: "number", placeholder: "20" },
      { path: "circuit/open_seconds", label: "Open for, in seconds, at first", kind: "number", placeholder: "10" },
      { path: "circuit/max_open_seconds", label: "and at most", kind: "number", placeholder: "600" },
    ],
  };
}

export const destinationForm = (values: FormValues): FormSpec => ({
  fields: Object.values(destinationGroups(values)).flat(),
  nullable: { rate_limit: "limit", circuit: "failure_threshold", batch: "max_events" },
});
