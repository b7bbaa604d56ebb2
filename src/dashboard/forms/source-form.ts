// The form of a source. The selected type decides which fields its verification has.
import { HMAC_ALGORITHMS, SIGNATURE_ENCODINGS, TIMESTAMP_UNITS } from "../../model/verification.ts";
import { PROVIDER_NAMES } from "../../model/provider-names.ts";
import { METHODS } from "../../model/source.ts";
import { defaultTolerance } from "../../model/tolerances.ts";
import { PRESETS } from "../../signing/index.ts";
import type { FieldSpec, FormSpec, FormValues } from "./form-spec.ts";

export const GENERIC: readonly (readonly [string, string])[] = [
  ["none", "None: anyone who knows the URL"],
  ["hmac", "HMAC signature"],
  ["basic", "Basic authentication"],
  ["bearer", "Bearer token"],
  ["api_key", "API key"],
  ["jwt", "JWT"],
];

/** The provider as its owner writes it, or the method. */
export const providerName = (type: string): string =>
  GENERIC.find(([name]) => name === type)?.[1] ??
  (Object.hasOwn(PROVIDER_NAMES, type) ? PROVIDER_NAMES[type as keyof typeof PROVIDER_NAMES] : type);

/** By name. */
export const PROVIDERS: readonly (readonly [string, string])[] = Object.entries(PROVIDER_NAMES).sort(([, a], [, b]) =>
  a.localeCompare(b, "en"),
);

const TYPES = [...GENERIC, ...PROVIDERS];

export const isVerificationType = (type: string): boolean => TYPES.some(([name]) => name === type);

const SIGNS_URL = ["twilio", "square", "hubspot", "hmac"];
const ENCODINGS = ["utf8", "hex", "base64"];

const under = (name: string, label: string, kind: FieldSpec["kind"], more: Partial<FieldSpec> = {}): FieldSpec => ({
  path: `verification/${name}`,
  label,
  kind,
  ...more,
});

/** What to enter as a preset's secrets, without the backticks of the documentation. */
export const secretsHint = (type: string): string | undefined =>
  Object.hasOwn(PRESETS, type) ? PRESETS[type as keyof typeof PRESETS].secrets.replaceAll("`", "") : undefined;

/** How the secrets of a provider begin, where others are taken too. */
export const secretsBegin = (type: string): string | undefined =>
  Object.hasOwn(PRESETS, type) ? PRESETS[type as keyof typeof PRESETS].begin : undefined;

/** A part of a query, with which the notice of success asks to check a secret that does not begin as the provider's do. */
export function checkQuery(type: string, values: FormValues): string {
  const begin = secretsBegin(type);
  const secrets = values["verification/secrets"]?.join("\n").split("\n") ?? [];
  const isOdd = (secret: string): boolean => !/^(\{|$)/.test(secret) && !secret.startsWith(begin ?? "");
  return secrets.some((secret) => isOdd(secret.trim())) ? `&check=${type}` : "";
}

const OWN: Readonly<Record<string, readonly FieldSpec[]>> = {
  hmac: [
    under("header", "Signature header", "text", { required: true, placeholder: "x-signature" }),
    under("prefix", "Signature prefix", "text", { placeholder: "sha256=" }),
    under("algorithm", "Algorithm", "select", { options: HMAC_ALGORITHMS, initial: "sha256" }),
    under("encoding", "Encoding", "select", { options: SIGNATURE_ENCODINGS, initial: "hex" }),
    under("signed", "Signed content", "text", {
      initial: "{body}",
      hint: "Variables: {body}, {timestamp}, {url}, {method}, {path}, {query}, {host}, {header:name}, {sorted_form}.",
    }),
    under("timestamp_header", "Timestamp header, if it is signed", "text"),
    under("timestamp_unit", "Timestamp unit", "select", { options: TIMESTAMP_UNITS, initial: "seconds" }),
    under("secret_encoding", "Encoding of the secret", "select", {
      options: ENCODINGS,
      initial: "utf8",
    }),
  ],
  api_key: [
    under("in", "Location of the key", "select", { options: ["header", "query"], initial: "header" }),
    under("name", "Name of the header or parameter", "text", { initial: "x-api-key" }),
  ],
  jwt: [
    under("jwks_url", "URL of the sender's public keys (JWKS)", "url", { hint: "Set either this or secrets." }),
    under("issuer", "Issuer", "text"),
    under("audience", "Audience", "text"),
    under("header", "Token header", "text", { initial: "authorization" }),
  ],
  github: [under("allow_sha1", "Also accept the old X-Hub-Signature if the SHA-256 one is missing", "check")],
  aws_sns: [
    under("topic_arns", "Allowed topics", "lines", {
      hint: "ARNs, one per line. Without them, any AWS account's topic can send here.",
    }),
  ],
};
const VERIFY_TOKEN = under("verify_token", "Verify token", "secret", {
  hint: "Enter the same value in the app's dashboard. Without it the handshake is refused.",
});

function verificationFields(type: string): readonly FieldSpec[] {
  const tolerance = defaultTolerance(type);
  const learns = type === "asana" || type === "notion";
  const secrets = under("secrets", "Secrets", "secrets", {
    hint: [
      secretsHint(type) ?? (type === "basic" ? "username:password" : undefined),
      learns
        ? "Leave empty: the provider sends it in the handshake"
        : "Can follow later: until then the source refuses requests",
      'One per line; any of them may match. {"secret": "NAME"} refers to a Worker secret. Never shown again',
    ]
      .filter((part) => part !== undefined)
      .map((part) => `${part}.`)
      .join(" "),
    rows: 2,
  });
  return [
    ...(type === "none" || type === "aws_sns" ? [] : [secrets]),
    ...(type === "meta" || type === "whatsapp" ? [VERIFY_TOKEN] : []),
    ...(OWN[type] ?? []),
    ...(tolerance === null
      ? []
      : [under("tolerance_seconds", "Timestamp tolerance (seconds)", "number", { placeholder: String(tolerance) })]),
    ...(SIGNS_URL.includes(type)
      ? [
          under("public_origin", "Public origin, behind a proxy", "text", {
            placeholder: "https://hooks.example.com",
          }),
        ]
      : []),
    under("on_failure", "Requests that fail", "select", {
      options: [
        ["reject", "are refused with 401"],
        ["accept", "are kept and marked as unverified"],
      ],
      initial: "reject",
    }),
    under("allowed_ips", "Allowed IP addresses", "lines", {
      hint: "IP addresses or CIDR ranges, one per line. Empty: any.",
      rows: 2,
    }),
  ];
}

/** The fields without which nothing can be verified. @param hint where the secret is */
export const neededFields = (type: string, hint: string): readonly FieldSpec[] => [
  ...(type === "none" || type === "aws_sns" ? [] : [under("secrets", "Secret", "secrets", { hint, rows: 1 })]),
  ...(type === "meta" || type === "whatsapp" ? [VERIFY_TOKEN] : []),
  ...(type === "github" ? [] : (OWN[type] ?? [])),
];

/** The fields in the page's groups. */
export const sourceGroups = (type: string): Readonly<Record<string, readonly FieldSpec[]>> => ({
  "": [
    { path: "name", label: "Name", kind: "text", required: true },
    {
      path: "slug",
      label: "Slug",
      kind: "text",
      hint: "Part of the URL: a-z, 0-9 and -. Empty: derived from the name.",
    },
    { path: "enabled", label: "Enabled", kind: "check", initial: "on", hint: "A disabled source responds with 404." },
  ],
  Verification: [
    {
      path: "verification/type",
      label: "Provider or method",
      kind: "select",
      help: "verification",
      options: TYPES,
      initial: "none",
      decides: true,
    },
    ...verificationFields(type),
  ],
  "Accepted requests": [
    {
      path: "allowed_methods",
      label: "Methods",
      kind: "set",
      options: METHODS,
      initial: ["POST", "PUT", "PATCH", "DELETE"],
    },
    {
      path: "forward_credentials",
      label: "Forward the sender's credential to destinations",
      kind: "check",
      hint: "Otherwise the token, API key or basic authorization that the source verifies is not stored.",
    },
    { path: "max_body_bytes", label: "Maximum body size (bytes)", kind: "number", placeholder: "1048576" },
    {
      path: "dedupe/key",
      label: "Deduplication key",
      kind: "text",
      hint: "header:NAME, body:PATH or body_hash. Empty: no deduplication.",
    },
    { path: "dedupe/window_seconds", label: "Deduplication window (seconds)", kind: "number", initial: "3600" },
    {
      path: "event_type",
      label: "Event type",
      kind: "json",
      empty: "null",
      placeholder: '{"header": "x-event-type"}',
      hint: 'Where to find the type of an event: {"header": "NAME"} or {"json": "PATH"}. Empty: where the provider puts it.',
    },
    { path: "rate_limit/limit", label: "Rate limit (requests)", kind: "number", hint: "Empty: no limit." },
    { path: "rate_limit/period_seconds", label: "Period (seconds)", kind: "number", placeholder: "1" },
    { path: "rate_limit/burst", label: "Burst", kind: "number" },
  ],
  "Response to the sender": [
    {
      path: "response/status",
      label: "Status",
      kind: "number",
      hint: "200 to 299. Empty: the default that the provider accepts as success.",
    },
    { path: "response/content_type", label: "Content type", kind: "text" },
    { path: "response/headers", label: "Headers", kind: "headers", hint: "name: value, one per line.", rows: 2 },
    { path: "response/body", label: "Body", kind: "block" },
  ],
});

export const sourceForm = (type: string): FormSpec => ({
  fields: Object.values(sourceGroups(type)).flat(),
  nullable: { dedupe: "key", rate_limit: "limit", response: "status" },
});
