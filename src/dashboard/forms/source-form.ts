// The form of a source. Which fields its verification has follows from the type chosen.
import { HMAC_ALGORITHMS, SIGNATURE_ENCODINGS, TIMED_PRESETS, TIMESTAMP_UNITS } from "../../model/verification.ts";
import { METHODS } from "../../model/source.ts";
import { PRESETS } from "../../signing/index.ts";
import type { FieldSpec, FormSpec } from "./form-spec.ts";

const GENERIC: readonly (readonly [string, string])[] = [
  ["none", "None: anybody who knows the URL"],
  ["hmac", "HMAC signature"],
  ["basic", "Basic authentication"],
  ["bearer", "Bearer token"],
  ["api_key", "API key"],
  ["jwt", "JWT"],
];

const WORDS: Readonly<Record<string, string>> = {
  aws: "AWS",
  sns: "SNS",
  openai: "OpenAI",
  github: "GitHub",
  gitlab: "GitLab",
};
/** `aws_sns` as `AWS SNS`. */
export const providerName = (type: string): string =>
  GENERIC.find(([name]) => name === type)?.[1] ??
  type
    .split("_")
    .map((word) => WORDS[word] ?? word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");

const TYPES = [
  ...GENERIC,
  ...Object.keys(PRESETS)
    .sort()
    .map((type) => [type, providerName(type)] as const),
];

const TIMED: readonly string[] = [...TIMED_PRESETS, "hubspot", "aws_sns", "hmac", "jwt"];
const SIGNS_URL = ["twilio", "square", "hubspot", "hmac"];
const ENCODINGS = ["utf8", "hex", "base64"];

const under = (name: string, label: string, kind: FieldSpec["kind"], more: Partial<FieldSpec> = {}): FieldSpec => ({
  path: `verification/${name}`,
  label,
  kind,
  ...more,
});

/** What a preset's page says belongs there. Its backticks are for documents. */
export const secretsHint = (type: string): string | undefined =>
  Object.hasOwn(PRESETS, type) ? PRESETS[type as keyof typeof PRESETS].secrets.replaceAll("`", "") : undefined;

const OWN: Readonly<Record<string, readonly FieldSpec[]>> = {
  hmac: [
    under("header", "Header with the signature", "text", { required: true, placeholder: "x-signature" }),
    under("prefix", "What stands before the signature in it", "text", { placeholder: "sha256=" }),
    under("algorithm", "Algorithm", "select", { options: HMAC_ALGORITHMS, initial: "sha256" }),
    under("encoding", "Encoding", "select", { options: SIGNATURE_ENCODINGS, initial: "hex" }),
    under("signed", "What is signed", "text", {
      initial: "{body}",
      hint: "{body}, {timestamp}, {url}, {method}, {path}, {query}, {host}, {header:name} or {sorted_form} are filled in.",
    }),
    under("timestamp_header", "Header with the time, where it is signed", "text"),
    under("timestamp_unit", "The time's unit", "select", { options: TIMESTAMP_UNITS, initial: "seconds" }),
    under("secret_encoding", "How the secret's text stands for the key", "select", {
      options: ENCODINGS,
      initial: "utf8",
    }),
  ],
  api_key: [
    under("in", "Where the key stands", "select", { options: ["header", "query"], initial: "header" }),
    under("name", "Name of the header or parameter", "text", { initial: "x-api-key" }),
  ],
  jwt: [
    under("jwks_url", "URL of the sender's public keys (JWKS)", "url", { hint: "Either this or secrets." }),
    under("issuer", "Issuer", "text"),
    under("audience", "Audience", "text"),
    under("header", "Header with the token", "text", { initial: "authorization" }),
  ],
  github: [under("allow_sha1", "Also take the old X-Hub-Signature where the sha256 one is missing", "check")],
  aws_sns: [
    under("topic_arns", "Topics it may come from", "lines", {
      hint: "ARNs, one a line. Without them any AWS account's topic can send here.",
    }),
  ],
};
const VERIFY_TOKEN = under("verify_token", "Verify token", "secret", {
  hint: "Enter the same in the app's dashboard. Without it the handshake is refused.",
});

function verificationFields(type: string): readonly FieldSpec[] {
  const learns = type === "asana" || type === "notion";
  const secrets = under("secrets", "Secrets", "secrets", {
    hint: [
      secretsHint(type) ?? (type === "basic" ? "username:password" : undefined),
      learns ? "Leave empty: it comes in the provider's handshake" : undefined,
      'One a line; any of them may match. {"secret": "NAME"} names a secret of the Worker. Never shown again',
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
    ...(TIMED.includes(type)
      ? [
          under("tolerance_seconds", "How far the signed time may lie from ours, in seconds", "number", {
            placeholder: "300",
          }),
        ]
      : []),
    ...(SIGNS_URL.includes(type)
      ? [
          under("public_origin", "Scheme and host as the sender knows them, behind a proxy", "text", {
            placeholder: "https://hooks.example.com",
          }),
        ]
      : []),
    under("on_failure", "A request that fails", "select", {
      options: [
        ["reject", "is refused with 401"],
        ["accept", "is kept and marked as unverified"],
      ],
      initial: "reject",
    }),
    under("allowed_ips", "Addresses the sender may have", "lines", {
      hint: "IP addresses or CIDR ranges, one a line. Empty: any.",
      rows: 2,
    }),
  ];
}

/** In groups, as the page shows them. */
export const sourceGroups = (type: string): Readonly<Record<string, readonly FieldSpec[]>> => ({
  "": [
    { path: "name", label: "Name", kind: "text", required: true },
    { path: "slug", label: "Slug", kind: "text", hint: "In the URL: a-z, 0-9 and -. Empty: made from the name." },
    { path: "enabled", label: "Enabled", kind: "check", initial: "on", hint: "A disabled source answers 404." },
  ],
  "Who may send": [
    {
      path: "verification/type",
      label: "Provider or method",
      kind: "select",
      options: TYPES,
      initial: "none",
      decides: true,
    },
    ...verificationFields(type),
  ],
  "What it takes": [
    {
      path: "allowed_methods",
      label: "Methods",
      kind: "set",
      options: METHODS,
      initial: ["POST", "PUT", "PATCH", "DELETE"],
    },
    { path: "max_body_bytes", label: "Largest body, in bytes", kind: "number", placeholder: "1048576" },
    {
      path: "dedupe/key",
      label: "Duplicates are known by",
      kind: "text",
      hint: "header:NAME, body:PATH or body_hash. Empty: every request is an event of its own.",
    },
    { path: "dedupe/window_seconds", label: "Looked for within, in seconds", kind: "number", initial: "3600" },
    { path: "rate_limit/limit", label: "Requests at most", kind: "number", hint: "Empty: as many as come." },
    { path: "rate_limit/period_seconds", label: "within, in seconds", kind: "number", placeholder: "1" },
    { path: "rate_limit/burst", label: "Burst", kind: "number" },
  ],
  "What the sender is answered": [
    {
      path: "response/status",
      label: "Status",
      kind: "number",
      hint: "200 to 299. Empty: what the provider takes for a success.",
    },
    { path: "response/content_type", label: "Content type", kind: "text" },
    { path: "response/headers", label: "Headers", kind: "headers", hint: "name: value, one a line.", rows: 2 },
    { path: "response/body", label: "Body", kind: "block" },
  ],
});

export const sourceForm = (type: string): FormSpec => ({
  fields: Object.values(sourceGroups(type)).flat(),
  nullable: { dedupe: "key", rate_limit: "limit", response: "status" },
});
