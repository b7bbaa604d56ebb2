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
    const event = await eventFrom(incoming, ports);
    const delivery = deadPlaceholder(event, "unprocessable", ports.now());
    await ports.records.write({ ...NOTHING_TO_WRITE, firsts: [{ event, deliveries: [delivery] }] });
    ports.log.error("unparsable message recorded as dead", { message_id: incoming.id });
    incoming.ack();
  } catch (error) {
    ports.log.error("unparsable message not recorded", { message_id: incoming.id, error: describeError(error) });
    incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
  }
}

/** An event without a source. The same message always gives the same event. */
async function eventFrom(incoming: Incoming, ports: ConsumerPorts): Promise<SluiceEvent> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(incoming.id)));
  const bytes = content(incoming.body);
  return {
    id: await ports.completeId(timeToBase32(incoming.timestamp.getTime()) + toBase32(digest).slice(0, 13)),
    source_id: null,
    received_at: incoming.timestamp.getTime(),
    method: "POST",
    path: "",
    query: "",
    headers: [],
    body: { kind: "inline", bytes },
    body_bytes: bytes.byteLength,
    verified: null,
  };
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
