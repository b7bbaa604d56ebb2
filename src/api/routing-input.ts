// The input of `POST /filters/test` and `POST /transforms/test`.
import * as z from "zod";
import { missingMatchesNotSchema } from "../model/connection.ts";
import { headerNameSchema, headerValueSchema, jsonObjectSchema } from "../model/names.ts";
import { METHODS } from "../model/source.ts";
import { transformSchema } from "../model/transform.ts";

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const texts = z.record(z.string(), z.union([text, z.array(text)]));

const headerText = text.pipe(headerValueSchema);
const headerTexts = z.record(headerNameSchema, z.union([headerText, z.array(headerText)]));

export type TextFields = z.output<typeof texts>;

const sampleSchema = z.strictObject({
  method: z.enum(METHODS).default("POST"),
  headers: z.union([headerTexts, z.array(z.tuple([headerNameSchema, headerValueSchema]))]).default({}),
  /** A string is the body itself; any other value is sent as JSON. */
  body: z.unknown().optional(),
  query: z.union([z.string(), texts]).default(""),
  path: z
    .string()
    .regex(/^(\/|$)/, "must be empty or begin with /")
    .default(""),
});

export type Sample = z.output<typeof sampleSchema>;

const subjectFields = { sample: sampleSchema.optional(), event_id: z.string().optional() };

export const filterTestSchema = z.strictObject({
  filter: jsonObjectSchema,
  missing_matches_not: missingMatchesNotSchema,
  ...subjectFields,
});
export const transformTestSchema = z.strictObject({
  transform: transformSchema,
  ...subjectFields,
  /** Id or slug. With it the answer has the full URL. */
  destination: z.string().optional(),
});
