// What the sender is told. Nothing of the inside: a refusal names its cause, never ours.
import { unreachable } from "../kernel/result.ts";
import type { Accepted, Refusal } from "./ports.ts";

/** Makes a problem+json answer; the codes stand with the API's. */
export type ProblemAnswer = (code: Refusal["reason"], detail: string, headers?: Record<string, string>) => Response;

const RETRY_AFTER_SECONDS = "5";

/** Statuses whose answers have no body. */
const BODILESS = [204, 205, 304];

export function acceptedResponse(accepted: Accepted): Response {
  if (accepted.kind === "handshake") {
    const { status, headers, body } = accepted.answer;
    return new Response(BODILESS.includes(status) ? null : body, { status, headers });
  }
  const { id, source, duplicate } = accepted;
  const headers = new Headers({ "sluice-event-id": id });
  if (source.response === null) {
    return Response.json({ id, status: "accepted", ...(duplicate ? { duplicate } : {}) }, { status: 202, headers });
  }
  for (const [name, value] of Object.entries(source.response.headers)) headers.set(name, value);
  const { status, body } = source.response;
  return new Response(BODILESS.includes(status) ? null : body, { status, headers });
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
    case "loop_detected":
      // The sender is a Sluice as well and takes this for the last word.
      return problem(refusal.reason, "The request has gone round in a circle.", {
        "webhook-delivery": "abort-message",
      });
    case "body_too_large":
      return problem(refusal.reason, `This source takes bodies of up to ${refusal.maxBytes} bytes.`);
    case "verification_failed":
      // One answer for every cause: a forger learns nothing from it.
      return problem(refusal.reason, "The request could not be verified.");
    case "rate_limited":
      return problem(refusal.reason, "This source takes no more requests at the moment.", {
        "retry-after": String(refusal.retryAfterSeconds),
      });
    case "backpressure":
      return problem(refusal.reason, "Too much is waiting to be delivered. Send it again later.", {
        "retry-after": String(refusal.retryAfterSeconds),
      });
    case "unavailable":
      return problem(refusal.reason, "The request cannot be kept at the moment. Send it again.", {
        "retry-after": RETRY_AFTER_SECONDS,
      });
    default:
      return unreachable(refusal);
  }
}
