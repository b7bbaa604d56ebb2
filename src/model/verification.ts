// How a source verifies its sender's requests, as configured: the names of the presets and the options of each. What each provider signs,
// and where the signature is, is in `signing/inbound/presets.ts`.
import * as z from "zod";
import {
  DEFAULT_TOLERANCE_SECONDS,
  MAX_ALLOWED_IPS,
  SNS_TOLERANCE_SECONDS,
  MAX_TOLERANCE_SECONDS,
  MAX_VERIFICATION_SECRETS,
} from "../config/limits.ts";
import { parseCidr } from "../kernel/cidr.ts";
import { headerNameSchema } from "./names.ts";
import { storedSecretSchema } from "./secret.ts";
import { templateFault, templatePlaceholders } from "./signed-template.ts";
import { PRESETS_BY_TOLERANCE, type TimedPreset } from "./tolerances.ts";

/** Providers that sign no time, or send a fixed secret: their old requests stay valid. */
const TIMELESS_PRESETS = [
  "shopify",
  "twitter",
  "intercom",
  "typeform",
  "postmark",
  "adyen",
  "woocommerce",
  "vercel",
  "sentry",
  "pagerduty",
  "docusign",
  "dropbox",
  "airtable",
  "chargebee",
  "coinbase_commerce",
  "razorpay",
  "telegram",
  "microsoft_graph",
  "okta",
] as const;

/** Providers that create the secret themselves and send it in their handshake. */
const LEARNING_PRESETS = ["asana", "notion"] as const;

/** Providers with options of their own. */
const PRESETS_WITH_OPTIONS = ["github", "meta", "whatsapp", "twilio", "square", "hubspot", "aws_sns"] as const;

export type PresetName =
  | TimedPreset
  | (typeof TIMELESS_PRESETS)[number]
  | (typeof LEARNING_PRESETS)[number]
  | (typeof PRESETS_WITH_OPTIONS)[number];

export const HMAC_ALGORITHMS = ["sha1", "sha256", "sha512"] as const;
export const SIGNATURE_ENCODINGS = ["hex", "base64", "base64url"] as const;
export const TIMESTAMP_UNITS = ["seconds", "milliseconds", "iso8601"] as const;
const JWT_ALGORITHMS = [
  "HS256",
  "HS384",
  "HS512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;

const cidrSchema = z
  .string()
  .max(64)
  .refine((text) => parseCidr(text) !== null, "is not an IPv4 or IPv6 address or CIDR range");

const common = {
  on_failure: z
    .enum(["reject", "accept"])
    .default("reject")
    .describe("Whether a request that fails is refused, or accepted with `verified: false`"),
  allowed_ips: z
    .array(cidrSchema)
    .max(MAX_ALLOWED_IPS)
    .default([])
    .describe("IP addresses from which requests are accepted, in addition to the other checks. Empty: any"),
};
const secretList = z.array(storedSecretSchema).max(MAX_VERIFICATION_SECRETS);
const secrets = {
  secrets: secretList
    .default([])
    .describe(
      "One of them must match. Two allow a rotation without a gap. Empty: the source waits for its secret, and refuses requests meanwhile",
    ),
};
const TOLERANCE = "How far the signed time may be from the current time, in both directions";
const timed = {
  tolerance_seconds: z.int().min(1).max(MAX_TOLERANCE_SECONDS).default(DEFAULT_TOLERANCE_SECONDS).describe(TOLERANCE),
};
const signsUrl = {
  public_origin: z
    .string()
    .max(256)
    .regex(/^https?:\/\/[^/?#\s]+$/, "must be scheme and host, such as https://hooks.example.com")
    .optional()
    .describe("Scheme and host that the sender uses, when a proxy is in front of Sluice"),
};

const hmacSchema = z
  .strictObject({
    type: z.literal("hmac"),
    ...common,
    ...secrets,
    ...timed,
    ...signsUrl,
    algorithm: z.enum(HMAC_ALGORITHMS).default("sha256"),
    encoding: z.enum(SIGNATURE_ENCODINGS).default("hex"),
    header: headerNameSchema.describe("The header with the signature"),
    prefix: z.string().max(64).default("").describe("Text before the signature, such as `sha256=`"),
    separator: z.string().max(4).default("").describe("Text between several signatures. Empty: there is only one"),
    signed: z
      .string()
      .max(512)
      .default("{body}")
      .describe(
        "What is signed. Placeholders: `{body}`, `{timestamp}`, `{url}`, `{method}`, `{path}`, `{query}`, `{host}`, `{header:name}`, `{sorted_form}`",
      ),
    timestamp_header: headerNameSchema
      .optional()
      .describe("The header with the time. It must be part of what is signed"),
    timestamp_unit: z.enum(TIMESTAMP_UNITS).default("seconds"),
    secret_encoding: z
      .enum(["utf8", "hex", "base64"])
      .default("utf8")
      .describe("The encoding of the key in the secret"),
  })
  .superRefine((value, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    const fault = templateFault(value.signed);
    if (fault !== null) return refuse("signed", fault);
    const used = templatePlaceholders(value.signed);
    const time = value.timestamp_header?.toLowerCase();
    if (used.includes("timestamp") && time === undefined)
      return refuse("timestamp_header", "is required because `signed` contains {timestamp}");
    if (time !== undefined && !used.includes("timestamp") && !used.includes(`header:${time}`))
      return refuse("signed", "must contain {timestamp}: an unsigned time can be forged");
  });

const jwtSchema = z
  .strictObject({
    type: z.literal("jwt"),
    ...common,
    ...timed,
    secrets: secretList.optional(),
    jwks_url: z
      .url({ protocol: /^https$/, error: "must be an https URL" })
      .max(2_048)
      .optional()
      .describe("The URL of the sender's public keys"),
    issuer: z.string().trim().min(1).max(512).optional(),
    audience: z.string().trim().min(1).max(512).optional(),
    algorithms: z
      .array(z.enum(JWT_ALGORITHMS))
      .min(1)
      .max(JWT_ALGORITHMS.length)
      .optional()
      .describe("Accepted ones; by default HS256/384/512 with secrets, and any asymmetric one with `jwks_url`"),
    header: headerNameSchema
      .default("authorization")
      .describe("The header with the token, with or without `Bearer` before it"),
  })
  .superRefine((value, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if ((value.secrets === undefined) === (value.jwks_url === undefined))
      return refuse(value.secrets === undefined ? "jwks_url" : "secrets", "needs either `jwks_url` or `secrets`");
    const symmetric = value.secrets !== undefined;
    if (value.algorithms?.some((name) => name.startsWith("HS") !== symmetric) === true)
      return refuse(
        "algorithms",
        symmetric ? "must be HS256, HS384 or HS512 with `secrets`" : "must be asymmetric with `jwks_url`",
      );
  });

/** One for each default, so that the contract says it. */
const TIMED = Object.entries(PRESETS_BY_TOLERANCE).map(([seconds, types]) =>
  z.strictObject({
    type: z.enum<readonly TimedPreset[]>(types),
    ...common,
    ...secrets,
    tolerance_seconds: timed.tolerance_seconds.unwrap().default(Number(seconds)).describe(TOLERANCE),
  }),
);

export const verificationSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("none"), ...common }),
  ...TIMED,
  z.strictObject({ type: z.enum(TIMELESS_PRESETS), ...common, ...secrets }),
  z.strictObject({
    type: z.enum(LEARNING_PRESETS),
    ...common,
    secrets: secretList
      .default([])
      .describe("Empty until the handshake, or the secrets of a webhook that was set up elsewhere"),
  }),
  z.strictObject({
    type: z.enum(["meta", "whatsapp"]),
    ...common,
    ...secrets,
    verify_token: storedSecretSchema
      .optional()
      .describe("The verify token that is entered in the app's dashboard. Without it the handshake is refused"),
  }),
  z.strictObject({
    type: z.literal("github"),
    ...common,
    ...secrets,
    /** Also accepts the old X-Hub-Signature when the sha256 one is missing. */
    allow_sha1: z.boolean().default(false),
  }),
  z.strictObject({ type: z.enum(["twilio", "square"]), ...common, ...secrets, ...signsUrl }),
  z.strictObject({ type: z.literal("hubspot"), ...common, ...secrets, ...timed, ...signsUrl }),
  z.strictObject({
    type: z.literal("aws_sns"),
    ...common,
    tolerance_seconds: timed.tolerance_seconds
      .unwrap()
      .default(SNS_TOLERANCE_SECONDS)
      .describe("SNS retries for up to an hour with the time and signature of the first try"),
    topic_arns: z
      .array(
        z
          .string()
          .trim()
          .regex(/^arn:aws[a-z-]*:sns:/, "is not the ARN of a topic"),
      )
      .max(100)
      .default([])
      .describe("Topics that may send. Empty: any topic of any AWS account, as SNS signs for all of them"),
  }),
  hmacSchema,
  /** Secrets are `username:password`. */
  z.strictObject({ type: z.literal("basic"), ...common, ...secrets }),
  z.strictObject({ type: z.literal("bearer"), ...common, ...secrets }),
  z.strictObject({
    type: z.literal("api_key"),
    ...common,
    ...secrets,
    in: z.enum(["header", "query"]).default("header"),
    name: z.string().trim().min(1).max(128).default("x-api-key"),
  }),
  jwtSchema,
]);

export type Verification = z.infer<typeof verificationSchema>;

/** Whether a source cannot verify anybody yet: its secret is to be entered, or comes in a handshake. */
export const awaitsSecret = (verification: Verification): boolean =>
  "secrets" in verification && verification.secrets?.length === 0;

/** The ranges from which requests are accepted; empty for any. Route documents that an earlier version wrote to KV lack the field. */
export const allowedIps = (verification: Pick<Verification, "allowed_ips">): readonly string[] =>
  (verification as { readonly allowed_ips?: readonly string[] }).allowed_ips ?? [];
