// Building blocks of the contract's schemas. An object of an answer names all its fields and has no others.
// Each carries the type that it describes, so that clients get their types from the contract.

export type Json = Record<string, unknown>;

declare const OF: unique symbol;

/** JSON Schema of a type. The type is for the compiler only. */
export type Schema<T = unknown> = Json & { readonly [OF]?: T };
/** The type that a schema describes. */
export type TypeOf<S> = S extends { readonly [OF]?: infer T } ? T : never;

export const text: Schema<string> = { type: "string" };
export const number: Schema<number> = { type: "integer" };
export const decimal: Schema<number> = { type: "number" };
export const flag: Schema<boolean> = { type: "boolean" };
export const instant: Schema<string> = { type: "string", format: "date-time" };
/** Any JSON value. */
export const anything: Schema = {};

export const oneOf = <const V extends readonly (string | boolean | number | null)[]>(values: V): Schema<V[number]> => ({
  enum: [...values],
});
export const ref = <T = unknown>(name: string): Schema<T> => ({ $ref: `#/components/schemas/${name}` });
export const nullable = <T>(schema: Schema<T>): Schema<T | null> => ({ anyOf: [schema, { type: "null" }] });
export const list = <T>(items: Schema<T>): Schema<readonly T[]> => ({ type: "array", items });
export const map = <T>(values: Schema<T>): Schema<Readonly<Record<string, T>>> => ({
  type: "object",
  additionalProperties: values,
});
export const say = <T>(schema: Schema<T>, description: string): Schema<T> => ({ ...schema, description });

type Properties = Record<string, Schema>;
type ObjectOf<P extends Properties, A extends keyof P> = {
  readonly [K in Exclude<keyof P, A>]: TypeOf<P[K]>;
} & { readonly [K in A]?: TypeOf<P[K]> };

/** @param absent fields that may be missing */
export const object = <P extends Properties, const A extends keyof P = never>(
  properties: P,
  absent: readonly A[] = [],
): Schema<ObjectOf<P, A>> => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !absent.includes(name as A)),
  additionalProperties: false,
});

/** Pairs of name and value, in the order of the request. */
export const headers: Schema<readonly (readonly [string, string])[]> = {
  type: "array",
  items: { type: "array", items: text, minItems: 2, maxItems: 2 },
};

/** All fields optional but those named. */
export const optional = <T, const R extends keyof T = never>(
  schema: Schema<T>,
  required: readonly R[] = [],
): Schema<Partial<T> & Pick<T, R>> => ({ ...schema, required: [...required] });

export const propertiesOf = (schema: Json): Record<string, Schema> => (schema["properties"] ?? {}) as Properties;
