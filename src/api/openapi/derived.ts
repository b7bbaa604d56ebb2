// Schemas of the contract, derived from those that check the input. Each has three forms: as a client sends it, as a configuration
// document holds it, and as an answer shows it. They differ in secrets: an answer says only which are set.
import * as z from "zod";
import { alertRuleSchema, alertTargetSchema } from "../../model/alert.ts";
import { dedupeSchema } from "../../model/dedupe.ts";
import { authSchema, signingSchema, standardWebhooksSchema } from "../../model/destination-auth.ts";
import { batchSchema, circuitSchema, rateLimitSchema, retrySchema } from "../../model/policies.ts";
import { responseSchema } from "../../model/response.ts";
import { MAX_SECRET_LENGTH, secretNameSchema, storedSecretSchema, type StoredSecret } from "../../model/secret.ts";
import type { Shown } from "../../model/shown.ts";
import { transformSchema } from "../../model/transform.ts";
import { verificationSchema } from "../../model/verification.ts";
import { instant, list, map, object, oneOf, propertiesOf, ref, say, text, type Json, type Schema } from "./schema.ts";

type Form = "input" | "config" | "answer";

/** Parts of records that have their own name in the OpenAPI document. */
const NAMED = {
  Verification: verificationSchema,
  Dedupe: dedupeSchema,
  Response: responseSchema,
  RateLimit: rateLimitSchema,
  Retry: retrySchema,
  Circuit: circuitSchema,
  Batch: batchSchema,
  Auth: authSchema,
  Signing: signingSchema,
  Transform: transformSchema,
  AlertRule: alertRuleSchema,
  AlertTarget: alertTargetSchema,
} as const satisfies Record<string, z.ZodType>;
const NAMES = new Map<unknown, string>(Object.entries(NAMED).map(([name, schema]) => [schema, name]));
const WITH_SECRETS = new Set(["Verification", "Auth", "Signing"]);

/** The plain name is that of the answer. */
const nameOf = (name: string, form: Form): string =>
  form === "answer" ? name : form === "config" && WITH_SECRETS.has(name) ? `${name}Config` : `${name}Input`;

const SECRETS: Readonly<Record<Form, string>> = { input: "Secret", config: "ConfigSecret", answer: "Secret" };

function derived(root: z.ZodType, form: Form): Json {
  const { $schema: _dialect, ...json } = z.toJSONSchema(root, {
    io: form === "answer" ? "output" : "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      // This format is zod's own; the pattern says the same.
      if (jsonSchema.format === "starts_with") delete jsonSchema.format;
      const schema: unknown = zodSchema;
      const name = schema === root ? undefined : NAMES.get(schema);
      if (schema === storedSecretSchema || name !== undefined) {
        for (const key of Object.keys(jsonSchema)) delete (jsonSchema as Json)[key];
        jsonSchema.$ref = ref(name === undefined ? SECRETS[form] : nameOf(name, form))["$ref"] as string;
      } else if (schema === standardWebhooksSchema && form !== "answer") {
        // Secrets are made when none are given; only Sluice writes the other fields.
        const { public_keys: _keys, retiring: _retiring, ...taken } = jsonSchema.properties ?? {};
        jsonSchema.properties = taken;
        jsonSchema.required = ["type"];
      } else if (form !== "answer" && jsonSchema.properties?.["host"] !== undefined) {
        // Of an alert's target: it is derived from the URL.
        delete jsonSchema.properties["host"];
        jsonSchema.required = (jsonSchema.required ?? []).filter((field) => field !== "host");
      }
    },
  }) as Json;
  return json;
}

/** As a client sends it: a secret is its text, or the name of a secret of the Worker. */
export type Given<T> = T extends StoredSecret
  ? string | { readonly secret: string }
  : T extends readonly (infer I)[]
    ? readonly Given<I>[]
    : T extends { readonly type: "standard_webhooks"; readonly secrets: unknown }
      ? GivenFields<Omit<T, "secrets">> & Partial<GivenFields<Pick<T, "secrets">>>
      : T extends object
        ? GivenFields<T>
        : T;
type GivenFields<T> = {
  readonly [K in keyof T as K extends "host" | "public_keys" | "retiring" ? never : K]: Given<T[K]>;
};

/** What a client may send. */
export const inputSchema = <S extends z.ZodType>(schema: S): Schema<Given<z.input<S>>> => derived(schema, "input");
/** As a configuration document holds it: a secret may also be kept. */
export const configSchema = (schema: z.ZodType): Json => derived(schema, "config");
/** As an answer shows it. */
export const answerSchema = <S extends z.ZodType>(schema: S): Schema<Shown<z.output<S>>> =>
  shown(derived(schema, "answer")) as Schema<Shown<z.output<S>>>;

const mark = { anyOf: [oneOf(["sealed"]), object({ secret: text })] };
const secretsSet: Json = say(
  map({ anyOf: [mark, list(mark)] }),
  'Which secret fields are set: "sealed", or the name of a secret of the Worker',
);

/** Further fields of a destination's signing in an answer. */
const SIGNING_ANSWER: Json = {
  secrets: {
    description: "Only in the answer of the call that made them",
    type: "array",
    items: { type: "string", pattern: "^whs(ec|k)_" },
  },
  secrets_withheld: say(
    oneOf([true]),
    "In place of `secrets` for a token below `admin`: Sluice made a secret. An admin gets one with `POST /destinations/{id}/rotate-secret`",
  ),
  public_keys: say(list(text), "whpk_…"),
  retiring: {
    description: "Former secrets that still sign",
    type: "array",
    items: object({ expires_at: instant }),
  },
};

const isSecret = (schema: unknown): boolean => {
  const { $ref, items } = (schema ?? {}) as Json;
  return $ref === "#/components/schemas/Secret" || (items !== undefined && isSecret(items));
};

/** With `secrets_set` in place of secrets. */
function shown(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(shown);
  if (typeof json !== "object" || json === null) return json;
  const out = Object.fromEntries(Object.entries(json).map(([key, value]) => [key, shown(value)]));
  const properties = Object.entries(propertiesOf(out));
  const secrets = new Set(properties.filter(([, value]) => isSecret(value)).map(([field]) => field));
  if (secrets.size === 0) return out;
  const signs =
    properties.some(([field]) => field === "algorithm") && secrets.has("secrets") && "retiring" in propertiesOf(out);
  return {
    ...out,
    properties: {
      ...Object.fromEntries(properties.filter(([field]) => !secrets.has(field))),
      secrets_set: ref("SecretsSet"),
      ...(signs ? SIGNING_ANSWER : {}),
    },
    required: ((out["required"] ?? []) as string[]).filter((field) => !secrets.has(field)),
  };
}

const secretSchema = (): Schema<string | { readonly secret: string }> => ({
  description: "Write-only. The text itself, which is stored encrypted, or the name of a secret of the Worker",
  anyOf: [
    { type: "string", minLength: 1, maxLength: MAX_SECRET_LENGTH, writeOnly: true },
    object({ secret: derived(secretNameSchema, "input") }),
  ],
});

/** The parts, in each form. */
export function partSchemas(): Record<string, Schema> {
  const parts: Record<string, Schema> = {};
  for (const [name, schema] of Object.entries(NAMED))
    for (const form of ["input", "config", "answer"] as const)
      parts[nameOf(name, form)] ??= (form === "answer" ? shown(derived(schema, form)) : derived(schema, form)) as Json;
  return {
    ...parts,
    Secret: secretSchema(),
    SecretsSet: secretsSet,
    ConfigSecret: {
      anyOf: [ref("Secret"), object({ write_only: say(oneOf([true]), "Keep the stored secret") })],
    },
  };
}
