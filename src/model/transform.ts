// How a connection changes a request on its way. Only the form: routing/transform.ts checks templates and expressions.
import * as z from "zod";
import { MAX_EXPRESSION_LENGTH, MAX_TEMPLATE_LENGTH } from "../config/limits.ts";
import { headerMapSchema, headerNameSchema } from "./names.ts";
import { METHODS } from "./source.ts";

const parameterName = z.string().min(1).max(256);
const MAX_NAMES = 64;

const few = <T extends z.ZodType>(name: T) => z.array(name).max(MAX_NAMES);
const fewKeys = (map: object): boolean => Object.keys(map).length <= MAX_NAMES;

/** In each group, fields are removed first, then renamed, then set. */
export const transformSchema = z.strictObject({
  headers: z
    .strictObject({
      remove: few(headerNameSchema).optional(),
      rename: z.record(headerNameSchema, headerNameSchema).refine(fewKeys, "contains more than 64 names").optional(),
      set: headerMapSchema.optional().describe("Values are templates"),
    })
    .optional(),
  query: z
    .strictObject({
      remove: few(parameterName).optional(),
      rename: z.record(parameterName, parameterName).refine(fewKeys, "contains more than 64 names").optional(),
      set: z
        .record(parameterName, z.string().max(MAX_TEMPLATE_LENGTH))
        .refine(fewKeys, "contains more than 64 names")
        .optional()
        .describe("Values are templates"),
    })
    .optional(),
  method: z.enum(METHODS).optional(),
  path: z
    .string()
    .max(MAX_TEMPLATE_LENGTH)
    .startsWith("/", "must begin with a slash")
    .optional()
    .describe("A template for the path after the destination's URL"),
  body: z
    .string()
    .min(1)
    .max(MAX_EXPRESSION_LENGTH)
    .optional()
    .describe("JSONata. Its result becomes the body, as JSON"),
});

export type Transform = z.infer<typeof transformSchema>;
