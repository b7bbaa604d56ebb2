// The words that the contract's schemas are written in. An answer's object names all its fields and has no others.

export type Json = Record<string, unknown>;

export const text: Json = { type: "string" };
export const number: Json = { type: "integer" };
export const flag: Json = { type: "boolean" };
export const instant: Json = { type: "string", format: "date-time" };

export const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
export const nullable = (schema: Json): Json => ({ anyOf: [schema, { type: "null" }] });
export const list = (items: Json): Json => ({ type: "array", items });

/** @param absent the fields that may stay away */
export const object = (properties: Record<string, Json>, absent: readonly string[] = []): Json => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !absent.includes(name)),
  additionalProperties: false,
});

/** Pairs in the order in which they came. */
export const headers: Json = list({ type: "array", items: text, minItems: 2, maxItems: 2 });

/** Of a create: name or slug is enough. Of an update: every field may stay away. */
export const optional = (json: Json, required: readonly string[] = []): Json => ({ ...json, required });
