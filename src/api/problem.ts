// A problem as HTTP carries it: RFC 9457.
import { PROBLEMS, type ProblemCode } from "../model/problem-codes.ts";
import type { FieldError } from "../model/problem.ts";

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
