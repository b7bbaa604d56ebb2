// What the sender is told. Nothing of the inside: a refusal names its cause, never ours.
import { unreachable } from "../kernel/result.ts";
import type { Accepted, Refusal } from "./accept.ts";

/** Makes a problem+json answer; the codes stand with the API's. */
export type ProblemAnswer = (code: Refusal["reason"], detail: string, headers?: Record<string, string>) => Response;

const RETRY_AFTER_SECONDS = "5";

export function acceptedResponse({ id, source }: Accepted): Response {
  const headers = new Headers({ "sluice-event-id": id });
  if (source.response === null) {
    return Response.json({ id, status: "accepted" }, { status: 202, headers });
  }
  for (const [name, value] of Object.entries(source.response.headers)) headers.set(name, value);
  const { status, body } = source.response;
  return new Response(status === 204 || status === 205 ? null : body, { status, headers });
}

export function refusedResponse(refusal: Refusal, problem: ProblemAnswer): Response {
  switch (refusal.reason) {
    case "unknown_source":
      return problem(refusal.reason, "There is no enabled source under this address.");
    case "method_not_allowed":
      return problem(refusal.reason, `This source takes ${refusal.allowed.join(", ")}.`, {
        allow: refusal.allowed.join(", "),
      });
    case "head_too_large":
      return problem(refusal.reason, "The URL and headers of the request are too large.");
    case "body_too_large":
      return problem(refusal.reason, `This source takes bodies of up to ${refusal.maxBytes} bytes.`);
    case "unavailable":
      return problem(refusal.reason, "The request cannot be kept at the moment. Send it again.", {
        "retry-after": RETRY_AFTER_SECONDS,
      });
    default:
      return unreachable(refusal);
  }
}
