// The input of a decision about an issue.
import * as z from "zod";
import { ISSUE_STATUSES } from "../model/issue.ts";
import { instantSchema } from "./query.ts";

export const issueChangeSchema = z.strictObject({
  status: z
    .enum(ISSUE_STATUSES)
    .describe(
      "`open` takes every decision back. A closed issue cannot be acknowledged; a mute outlasts the issue's end",
    ),
  muted_until: instantSchema
    .nullable()
    .optional()
    .describe("With the status `muted` only. Null, or not given: for good"),
});
