// Secrets in the OpenAPI document: what an input takes is not what an answer says.
import { z } from "zod";
import { standardWebhooksSchema } from "../../model/destination-auth.ts";
import type { Json } from "./schema.ts";
import { MAX_SECRET_LENGTH, secretNameSchema, storedSecretSchema } from "../../model/secret.ts";

/** What an input refers to in place of a secret. */
export const SECRET = "#/components/schemas/Secret";

/** JSON Schema of what a client may send. */
export function inputSchema(schema: z.ZodType): Json {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      const schema: unknown = zodSchema;
      if (schema === storedSecretSchema) {
        for (const key of Object.keys(jsonSchema)) delete (jsonSchema as Json)[key];
        jsonSchema.$ref = SECRET;
      } else if (schema === standardWebhooksSchema) {
        // Secrets are made where none are given; the rest is Sluice's to write.
        const { public_keys: _keys, retiring: _retiring, ...taken } = jsonSchema.properties ?? {};
        jsonSchema.properties = taken;
        jsonSchema.required = ["type"];
      }
    },
  }) as Json;
  return json;
}

export const secretSchema = (): Json => ({
  description: "Never answered. The text itself, which is stored encrypted, or the name of a secret of the Worker",
  anyOf: [
    { type: "string", minLength: 1, maxLength: MAX_SECRET_LENGTH, writeOnly: true },
    {
      type: "object",
      properties: { secret: inputSchema(secretNameSchema) },
      required: ["secret"],
      additionalProperties: false,
    },
  ],
});

const SECRETS_SET: Json = {
  description: 'What is set in place of each secret field: "sealed", or which secret of the Worker',
  type: "object",
  additionalProperties: {},
};

/** What an answer says of a destination's signing besides. */
const SIGNING_ANSWER: Json = {
  secrets: {
    description: "Only in the answer that made them",
    type: "array",
    items: { type: "string", pattern: "^whs(ec|k)_" },
  },
  public_keys: { description: "whpk_…", type: "array", items: { type: "string" } },
  retiring: {
    description: "Former secrets that still sign",
    type: "array",
    items: { type: "object", properties: { expires_at: { type: "string", format: "date-time" } } },
  },
};

const isSecret = (schema: unknown): boolean => {
  const { $ref, items } = (schema ?? {}) as Json;
  return $ref === SECRET || (items !== undefined && isSecret(items));
};

/** The schema of an input as that of an answer: `secrets_set` where it has secrets. */
export function answerSchema(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(answerSchema);
  if (typeof json !== "object" || json === null) return json;
  const out = Object.fromEntries(Object.entries(json).map(([key, value]) => [key, answerSchema(value)]));
  const properties = Object.entries((out["properties"] ?? {}) as Json);
  const secrets = new Set(properties.filter(([, value]) => isSecret(value)).map(([field]) => field));
  if (secrets.size === 0) return out;
  const signs = properties.some(([field]) => field === "algorithm") && secrets.has("secrets");
  return {
    ...out,
    properties: {
      ...Object.fromEntries(properties.filter(([field]) => !secrets.has(field))),
      secrets_set: SECRETS_SET,
      ...(signs ? SIGNING_ANSWER : {}),
    },
    required: ((out["required"] ?? []) as string[]).filter((field) => !secrets.has(field)),
  };
}

/** Of an alert: `host` follows from its target's address. */
export function alertInput(schema: z.ZodType): Json {
  const json = inputSchema(schema);
  const targets = ((json["properties"] as Json)["target"] as { oneOf: { properties: Json; required: string[] }[] })
    .oneOf;
  for (const target of targets) {
    delete target.properties["host"];
    target.required = target.required.filter((field) => field !== "host");
  }
  return json;
}
