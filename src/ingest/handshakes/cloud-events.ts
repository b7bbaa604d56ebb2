// The handshakes of Azure Event Grid and of other senders of CloudEvents. Such senders have no preset, so sources of every generic type
// answer. They are unsigned; an answer tells the caller only what it sent, and permits nothing that the source's verification refuses.
import { headerValue } from "../../model/event.ts";
import type { Verification } from "../../model/verification.ts";
import { acknowledge, answerJson, echoable, visibleAscii, type Handshake, type HandshakeRequest } from "./handshake.ts";

type Head = Pick<HandshakeRequest, "type" | "method" | "headers">;

const GENERIC_TYPES: readonly string[] = [
  "none",
  "hmac",
  "basic",
  "bearer",
  "api_key",
  "jwt",
] satisfies Verification["type"][];
const isGeneric = ({ type }: Head): boolean => GENERIC_TYPES.includes(type);

/** CloudEvents asks with this header whether it may send. */
const ORIGIN = "webhook-request-origin";

export const isCloudEventsHandshake = (head: Head): boolean =>
  isGeneric(head) && head.method === "OPTIONS" && headerValue(head.headers, ORIGIN) !== null;

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection. The source's own limits bound the rate. */
export function answerCloudEvents({ headers }: Head): Handshake | null {
  const origin = visibleAscii(headerValue(headers, ORIGIN), 256);
  if (origin === null) return null;
  const answer = acknowledge(200, { "webhook-allowed-origin": origin, "webhook-allowed-rate": "*" });
  return { kind: "answer", answer };
}

export const isEventGridHandshake = (head: Head): boolean =>
  isGeneric(head) && headerValue(head.headers, "aeg-event-type")?.toLowerCase() === "subscriptionvalidation";

/**
 * https://learn.microsoft.com/en-us/azure/event-grid/end-point-validation-event-grid-events-schema
 * @param body as JSON: a list of one event
 */
export function answerEventGrid(body: unknown): Handshake | null {
  const event: unknown = Array.isArray(body) ? body[0] : undefined;
  const data = (event as { readonly data?: { readonly validationCode?: unknown } | null } | null | undefined)?.data;
  const code = echoable(data?.validationCode);
  return code === null ? null : answerJson({ validationResponse: code });
}
