// The answers to senders. They reveal nothing about the inside of Sluice.
import { unreachable } from "../kernel/result.ts";
import type { EventId } from "../model/ids.ts";
import { BODILESS_STATUSES, isConfigurableHeader, type ResponseSpec } from "../model/response.ts";
import { defaultAnswer } from "./default-answers.ts";
import type { Accepted, Refusal } from "./ports.ts";

/** Builds a problem+json answer. The codes are in model/problem-codes.ts. */
export type ProblemAnswer = (code: Refusal["reason"], detail: string, headers?: Record<string, string>) => Response;

const RETRY_AFTER_SECONDS = "5";

export function acceptedResponse(accepted: Accepted): Response {
  if (accepted.kind === "handshake") {
    const { status, headers, body } = accepted.answer;
    return new Response(body, { status, headers });
  }
  const { id, source, duplicate } = accepted;
  if (source.response !== null) return configuredResponse(source.response, id);
  const { status, body } = defaultAnswer(source.verification.type);
  const type = body?.type ?? "application/json";
  const usual = { id, status: "accepted", ...(duplicate ? { duplicate } : {}) };
  const text = body === null ? JSON.stringify(usual) : body.text;
  return new Response(text, { status, headers: { "content-type": type, "sluice-event-id": id } });
}

function configuredResponse({ status, headers, content_type: type, body }: ResponseSpec, id: EventId): Response {
  const out = new Headers();
  for (const [name, value] of Object.entries(headers)) if (isConfigurableHeader(name)) out.set(name, value);
  if (type !== undefined) out.set("content-type", type);
  out.set("sluice-event-id", id);
  // Null instead of an empty text, which would add a content type.
  return new Response(BODILESS_STATUSES.includes(status) || body === "" ? null : body, { status, headers: out });
}

export function refusedResponse(refusal: Refusal, problem: ProblemAnswer): Response {
  switch (refusal.reason) {
    case "unknown_source":
      return problem(refusal.reason, "There is no enabled source at this address.");
    case "method_not_allowed":
      return problem(refusal.reason, `This source accepts ${refusal.allowed.join(", ")}.`, {
        allow: refusal.allowed.join(", "),
      });
    case "head_too_large":
      return problem(refusal.reason, "The URL and headers of the request are too large.");
    case "loop_detected":
      // The sender is a Sluice too, and does not retry after this.
      return problem(refusal.reason, "The request is in a loop.", {
        "webhook-delivery": "abort-message",
      });
    case "body_too_large":
      return problem(refusal.reason, `This source accepts bodies of up to ${refusal.maxBytes} bytes.`);
    case "verification_failed":
      // The same answer for every cause, so that a forger learns nothing.
      return problem(refusal.reason, "The request could not be verified.");
    case "awaiting_secret":
      return problem(
        refusal.reason,
        "This source waits for its secret. Enter it in Sluice, then send the request again.",
      );
    case "rate_limited":
      return problem(refusal.reason, "This source accepts no more requests at the moment.", {
        "retry-after": String(refusal.retryAfterSeconds),
      });
    case "backpressure":
      return problem(refusal.reason, "Too many events are waiting to be delivered. Send it again later.", {
        "retry-after": String(refusal.retryAfterSeconds),
      });
    case "unavailable":
      return problem(refusal.reason, "The request cannot be stored at the moment. Send it again.", {
        "retry-after": RETRY_AFTER_SECONDS,
      });
    default:
      return unreachable(refusal);
  }
}
