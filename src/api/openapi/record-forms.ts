// The forms of a configuration record in the contract: as created, as changed, as answered.
import type * as z from "zod";
import type { Shown } from "../../model/shown.ts";
import { answerSchema, inputSchema, type Given } from "./derived.ts";
import { instant, object, optional, propertiesOf, text, type Json, type Schema, type TypeOf } from "./schema.ts";

type Extra = Record<string, Schema>;
type With<X extends Extra> = { readonly [K in keyof X]: TypeOf<X[K]> };

/** As answered: every field. */
export const kept = <S extends z.ZodType, X extends Extra>(
  spec: S,
  extra: X,
): Schema<
  Omit<Shown<z.output<S>>, keyof X> &
    With<X> & { readonly id: string; readonly created_at: string; readonly updated_at: string }
> =>
  object({
    id: text,
    ...propertiesOf(answerSchema(spec)),
    ...extra,
    created_at: instant,
    updated_at: instant,
  }) as Schema<never>;

/** As created. */
export const created = <S extends z.ZodType, const R extends keyof Given<z.input<S>> = never>(
  spec: S,
  required: readonly R[] = [],
): Schema<Partial<Given<z.input<S>>> & Pick<Given<z.input<S>>, R>> => optional(inputSchema(spec), required);

/** As changed: a field that is not given stays as it is, so no field has a default. */
export function changed<S extends z.ZodType>(spec: S): Schema<Partial<Given<z.input<S>>>> {
  const json = inputSchema(spec);
  const fields = Object.entries(propertiesOf(json)).map(([name, { default: _default, ...field }]): [string, Json] => [
    name,
    field,
  ]);
  return { ...json, properties: Object.fromEntries(fields), required: [] };
}

/** One of several forms. */
export const either = <const S extends readonly Schema[]>(forms: S): Schema<TypeOf<S[number]>> => ({
  oneOf: [...forms],
});

/** All fields of several forms, none of them required: which ones go together depends on the record. */
export function together<const S extends readonly Schema[]>(forms: S): Schema<TypeOf<S[number]>> {
  const fields = new Map<string, Json[]>();
  const shape = ({ description: _words, ...field }: Json): string => JSON.stringify(field);
  for (const [name, field] of forms.flatMap((form) => Object.entries(propertiesOf(form)))) {
    const known = fields.get(name) ?? [];
    if (known.every((one) => shape(one) !== shape(field))) fields.set(name, [...known, field]);
  }
  const properties = [...fields].map(([name, [first = {}, ...others]]): [string, Json] => [
    name,
    others.length === 0 ? first : { anyOf: [first, ...others] },
  ]);
  return { type: "object", properties: Object.fromEntries(properties), additionalProperties: false };
}

/** An answer with fields that are only there on request. */
export const withOptional = <T, X extends Extra>(
  schema: Schema<T>,
  extra: X,
): Schema<T & { readonly [K in keyof X]?: TypeOf<X[K]> }> =>
  ({ ...schema, properties: { ...propertiesOf(schema), ...extra } }) as Schema<never>;
