// Messages that no release of Sluice has sent: recorded as dead, with their content as the payload.
import { timeToBase32, toBase32 } from "../../kernel/base32.ts";
import { utf8, type Bytes } from "../../kernel/bytes.ts";
import type { SluiceEvent } from "../../model/event.ts";
import { describeError } from "../../telemetry/index.ts";
import { NOTHING_TO_WRITE, type ConsumerPorts, type Incoming } from "../ports.ts";
import { backoffSeconds } from "./backoff.ts";
import { deadPlaceholder } from "./placeholder.ts";

/** Acks the message once it is on record. */
export async function recordUnparsable(incoming: Incoming, ports: ConsumerPorts): Promise<void> {
  try {
    await recordPayload(incoming.id, incoming.timestamp.getTime(), incoming.body, ports);
    ports.log.error("unparsable message recorded as dead", { message_id: incoming.id });
    incoming.ack();
  } catch (error) {
    ports.log.error("unparsable message not recorded", { message_id: incoming.id, error: describeError(error) });
    incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
  }
}

/**
 * Records a dead event without a source, with the payload as its body. Throws when D1 cannot be written.
 * @param id the same id and time give the same event
 * @param at milliseconds since the epoch
 */
export async function recordPayload(
  id: string,
  at: number,
  payload: unknown,
  { completeId, records, now }: Pick<ConsumerPorts, "completeId" | "records" | "now">,
): Promise<void> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(id)));
  const bytes = content(payload);
  const event: SluiceEvent = {
    id: await completeId(timeToBase32(at) + toBase32(digest).slice(0, 13)),
    source_id: null,
    received_at: at,
    method: "POST",
    path: "",
    query: "",
    headers: [],
    body: { kind: "inline", bytes },
    body_bytes: bytes.byteLength,
    verified: null,
  };
  const delivery = deadPlaceholder(event, "unprocessable", now());
  await records.write({ ...NOTHING_TO_WRITE, firsts: [{ event, deliveries: [delivery] }] });
}

function content(body: unknown): Bytes {
  if (body instanceof Uint8Array) return new Uint8Array(body);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  try {
    return utf8(typeof body === "string" ? body : (JSON.stringify(body) ?? "undefined"));
  } catch {
    return utf8("[a value that has no JSON form]");
  }
}
