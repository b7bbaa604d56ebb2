// How Sluice authenticates to a destination: credentials, and the signature of the request. As stored: secrets in their stored forms.
import * as z from "zod";
import { MAX_SIGNING_SECRETS, MAX_RETIRING_SECRETS } from "../config/limits.ts";
import { headerNameSchema } from "./names.ts";
import { storedSecretSchema } from "./secret.ts";

const text = z.string().min(1).max(512);

/** Credentials cannot set headers that the HTTP connection or the body determines. */
const authHeaderSchema = headerNameSchema.refine(
  (name) => !/^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|keep-alive)$/i.test(name),
  "cannot be set",
);

/** What a custom signature can cover, besides fixed text. */
const TEMPLATE_FIELDS = ["body", "timestamp", "id", "method", "path", "query", "url"] as const;
const FIELD = new RegExp(`\\{(${TEMPLATE_FIELDS.join("|")})\\}`, "g");

const templateSchema = z
  .string()
  .min(1)
  .max(512)
  .refine((template) => (template.match(/\{body\}/g) ?? []).length <= 1, "may name {body} once")
  .refine(
    (template) => !/[{}]/.test(template.replaceAll(FIELD, "")),
    `may name ${TEMPLATE_FIELDS.join(", ")} in braces`,
  );
const prefixSchema = z
  .string()
  .max(128)
  .regex(/^[\x20-\x7e]*$/, "must be printable ASCII")
  .refine((prefix) => !/[{}]/.test(prefix.replaceAll("{timestamp}", "")), "may name {timestamp} in braces");

export const noAuthSchema = z.strictObject({ type: z.literal("none") });
export const basicAuthSchema = z.strictObject({
  type: z.literal("basic"),
  // RFC 7617, section 2: a colon would end it.
  username: z
    .string()
    .max(512)
    .regex(/^[^:\p{Cc}]*$/u, "must not contain a colon"),
  password: storedSecretSchema,
});
export const bearerAuthSchema = z.strictObject({ type: z.literal("bearer"), token: storedSecretSchema });
export const awsAuthSchema = z.strictObject({
  type: z.literal("aws_sigv4"),
  access_key_id: z.string().regex(/^[A-Za-z0-9_]{1,128}$/, "is not an access key id"),
  secret_access_key: storedSecretSchema,
  session_token: storedSecretSchema.optional(),
  region: z.string().regex(/^[a-z0-9-]{1,64}$/, "is not a region"),
  service: z.string().regex(/^[a-z0-9-]{1,64}$/, "is not a service"),
});

/** Of a destination that is called by HTTP. */
export const authSchema = z.discriminatedUnion("type", [
  noAuthSchema,
  basicAuthSchema,
  bearerAuthSchema,
  z.strictObject({
    type: z.literal("api_key"),
    name: authHeaderSchema,
    value: storedSecretSchema,
    in: z.enum(["header", "query"]).default("header"),
  }),
  z.strictObject({
    type: z.literal("hmac"),
    secret: storedSecretSchema,
    secret_encoding: z.enum(["utf8", "base64", "hex"]).default("utf8"),
    header: authHeaderSchema.default("x-signature"),
    algorithm: z.enum(["sha1", "sha256", "sha384", "sha512"]).default("sha256"),
    encoding: z.enum(["hex", "base64", "base64url"]).default("hex"),
    prefix: prefixSchema
      .default("")
      .describe("Precedes the signature; `{timestamp}` is replaced by the time of signing"),
    template: templateSchema.default("{body}"),
    timestamp_header: authHeaderSchema.nullable().default(null).describe("Carries the time of signing, in seconds"),
  }),
  z.strictObject({
    type: z.literal("oauth2_client_credentials"),
    token_url: z.string().max(2_048),
    client_id: text,
    client_secret: storedSecretSchema,
    scope: text.optional(),
    audience: text.optional(),
    auth_style: z
      .enum(["basic", "post"])
      .default("basic")
      .describe("RFC 6749, section 2.3.1: credentials in the header, or in the body"),
  }),
  awsAuthSchema,
  z.strictObject({
    type: z.literal("mtls"),
    binding: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, "is not the name of a binding")
      .describe("The name of an mTLS certificate binding of the Worker"),
  }),
]);
export type DestinationAuth = z.infer<typeof authSchema>;
export type AuthOf<T extends DestinationAuth["type"]> = Extract<DestinationAuth, { type: T }>;

export const standardWebhooksSchema = z.strictObject({
  type: z.literal("standard_webhooks"),
  algorithm: z
    .enum(["hmac", "ed25519"])
    .default("hmac")
    .describe("The kind of secret that Sluice creates when none is given"),
  secrets: z.array(storedSecretSchema).min(1).max(MAX_SIGNING_SECRETS).describe("Each signs every request"),
  public_keys: z
    .array(z.string())
    .max(MAX_SIGNING_SECRETS)
    .default([])
    .describe("Public halves (`whpk_…`) of those that are ed25519 keys, in the same order. Written by Sluice."),
  retiring: z
    .array(z.strictObject({ secret: storedSecretSchema, expires_at: z.int() }))
    .max(MAX_RETIRING_SECRETS)
    .default([])
    .describe("Rotated out, still signing until `expires_at` (milliseconds since the epoch). Written by Sluice."),
});

export const signingSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("none") }),
  standardWebhooksSchema,
]);
export type DestinationSigning = z.infer<typeof signingSchema>;
