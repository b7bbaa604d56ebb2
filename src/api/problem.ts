// Errors as the client reads them: RFC 9457, with the field named where there is one. What the log keeps is written elsewhere.
import type { z } from "zod";
import { issueText } from "./issue-text.ts";
import { PROBLEMS, type ProblemCode } from "./problem-codes.ts";

export interface FieldError {
  /** JSON pointer into the body (RFC 6901), or `/query/{name}`. */
  readonly pointer: string;
  readonly detail: string;
}

/** Thrown by handlers for what the client can mend; the app's one error handler writes it down. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string = PROBLEMS[code][1],
    readonly errors: readonly FieldError[] = [],
  ) {
    super(code);
  }
}

export const invalid = (pointer: string, detail: string): Problem =>
  new Problem("invalid", `${pointer} ${detail}`, [{ pointer, detail }]);

/** For what checks itself and answers with a list of what is wrong. */
export function refuseFaults(faults: readonly FieldError[]): never {
  throw new Problem("invalid", faults.map(({ pointer, detail }) => `${pointer} ${detail}`).join("; "), faults);
}

export function problemResponse(
  code: ProblemCode,
  detail: string,
  requestId: string,
  errors: readonly FieldError[] = [],
  headers: Record<string, string> = {},
): Response {
  const [status, title] = PROBLEMS[code];
  const body = {
    type: `/docs/errors#${code}`,
    title,
    status,
    detail,
    code,
    request_id: requestId,
    ...(errors.length > 0 ? { errors } : {}),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", "x-request-id": requestId, ...headers },
  });
}

const escapePointer = (part: PropertyKey): string => String(part).replaceAll("~", "~0").replaceAll("/", "~1");
export const pointerTo = (...path: readonly PropertyKey[]): string => pointerOf(path);
const pointerOf = (path: readonly PropertyKey[]): string => path.map((part) => `/${escapePointer(part)}`).join("");

/** Schema issues as field errors; an unknown field is named itself, not its parent. */
export function fieldErrors(issues: readonly z.core.$ZodIssue[], prefix = ""): FieldError[] {
  return issues.flatMap((issue): FieldError[] => {
    const pointer = prefix + pointerOf(issue.path);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ pointer: `${pointer}/${escapePointer(key)}`, detail: "is not a known field" }));
    }
    // Of the forms of a union the one that came furthest says most.
    if (issue.code === "invalid_union" && issue.errors.length > 0) {
      const best = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0] ?? [];
      return fieldErrors(best, pointer);
    }
    return [{ pointer: pointer === "" ? "/" : pointer, detail: issue.message }];
  });
}

const depth = (issues: readonly z.core.$ZodIssue[]): number =>
  Math.max(0, ...issues.map((issue) => issue.path.length)) - issues.length / 100;

/** The value behind a schema, or a problem that names every field that is wrong. */
export function parse<S extends z.ZodType>(schema: S, value: unknown, prefix = ""): z.output<S> {
  const result = schema.safeParse(value, { error: issueText });
  if (result.success) return result.data;
  const errors = fieldErrors(result.error.issues, prefix);
  return refuseFaults(errors);
}
