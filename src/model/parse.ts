// A value behind its schema, or a problem that names every field that is wrong.
import type * as z from "zod";
import { issueText } from "./issue-text.ts";
import { pointerTo, refuseFaults, type FieldError } from "./problem.ts";

/** Schema issues as field errors; an unknown field is named itself, not its parent. */
function fieldErrors(issues: readonly z.core.$ZodIssue[], prefix = ""): FieldError[] {
  return issues.flatMap((issue): FieldError[] => {
    const pointer = prefix + pointerTo(...issue.path);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ pointer: pointer + pointerTo(key), detail: "is not a known field" }));
    }
    // Of a union, the form that matched deepest gives the most useful fault.
    if (issue.code === "invalid_union" && issue.errors.length > 0) {
      const best = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0] ?? [];
      return fieldErrors(best, pointer);
    }
    return [{ pointer: pointer === "" ? "/" : pointer, detail: issue.message }];
  });
}

const depth = (issues: readonly z.core.$ZodIssue[]): number =>
  Math.max(0, ...issues.map((issue) => issue.path.length)) - issues.length / 100;

/** @param prefix of the pointers in the problem that it throws */
export function parse<S extends z.ZodType>(schema: S, value: unknown, prefix = ""): z.output<S> {
  const result = schema.safeParse(value, { error: issueText });
  if (result.success) return result.data;
  const errors = fieldErrors(result.error.issues, prefix);
  return refuseFaults(errors);
}
