// Where a source finds the type of its events, if its preset has no place for it or another one.
import * as z from "zod";
import { isJsonPath } from "../kernel/json-path.ts";
import { headerNameSchema } from "./names.ts";

const inHeader = z.strictObject({ header: headerNameSchema.describe("The header with the type") });
const inJson = z.strictObject({
  json: z
    .string()
    .max(512)
    .refine(isJsonPath, "must be a path in the JSON body, such as event.type or events[0].type")
    .describe("The path of the type in a JSON body"),
});

export const eventTypeSchema = z.union([inHeader, inJson], { error: 'must be {"header": "NAME"} or {"json": "PATH"}' });
export type EventTypeRule = z.infer<typeof eventTypeSchema>;
