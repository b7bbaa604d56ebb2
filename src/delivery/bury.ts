// Records as dead what could not be processed: the payload kept, reason `unprocessable`, visible and replayable. Never loops.
import { timeToBase32, toBase32 } from "../kernel/base32.ts";
import { utf8, type Bytes } from "../kernel/bytes.ts";
import { newDelivery } from "../routing/match.ts";
import type { Delivery } from "../model/delivery.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { ConnectionId } from "../model/ids.ts";
import { deliveryIdOf } from "../model/ids.ts";
import { parseMessage, type EventMessage } from "../model/message.ts";
import { describeError } from "../telemetry/logger.ts";
import { NOTHING_TO_WRITE, type ConsumerPorts, type FirstRecord, type Incoming } from "./consumer-ports.ts";
import { destinationsOf, isDirect } from "./direct.ts";
import { matchAtLast } from "./match-event.ts";
import { ended } from "./steps.ts";

const MAX_WAIT_SECONDS = 3_600;

/** Buries every message of the batch and acks it; what cannot be written comes back later and later. */
export async function buryMessages(batch: readonly Incoming[], queue: string, ports: ConsumerPorts): Promise<void> {
  for (const incoming of batch) {
    try {
      await bury(incoming, ports);
      ports.log.error("unprocessable message recorded as dead", { queue, message_id: incoming.id });
      incoming.ack();
    } catch (error) {
      ports.log.error("unprocessable message not recorded yet", {
        queue,
        message_id: incoming.id,
        error: describeError(error),
      });
      incoming.retry({ delaySeconds: Math.min(MAX_WAIT_SECONDS, 30 * 2 ** Math.min(incoming.attempts, 7)) });
    }
  }
}

async function bury(incoming: Incoming, ports: ConsumerPorts): Promise<void> {
  const message = parseMessage(incoming.body);
  // Times that stay as they are.
  if (message?.kind === "retime") return;
  if (message?.kind === "due") return ports.records.buryDue([message.id]);
  const first: FirstRecord =
    message === null
      ? await ofStranger(incoming, ports)
      : message.kind === "record"
        ? { event: message.event, deliveries: message.deliveries, ignored: message.ignored ?? [] }
        : await ofEvent(message, ports);
  await ports.records.write({
    ...NOTHING_TO_WRITE,
    firsts: [first],
    forget: message?.journal === "d1" ? [first.event.id] : [],
  });
  if (message?.journal === "r2") await ports.forgetJournal([message.event.id]);
}

async function ofEvent(message: EventMessage, ports: ConsumerPorts): Promise<FirstRecord> {
  const { event } = message;
  if (isDirect(event)) {
    const deliveries = destinationsOf([event]).map((id) => newDelivery(event, null, id));
    return { event, deliveries: deliveries.map((delivery) => dead(delivery, ports.now())) };
  }
  const sourceId = event.source_id ?? "";
  const documents = await ports.routes(new Map([[sourceId, message.source_slug]]), null);
  const { matches, ignored } = await matchAtLast(event, documents.get(sourceId), ports);
  // Filtered out is no failure: then there is nothing to bury.
  const deliveries =
    matches.length > 0 || ignored.some(({ reason }) => reason === "filter")
      ? matches.map(({ delivery }) => delivery)
      : [nobodys(event)];
  return { event, deliveries: deliveries.map((delivery) => dead(delivery, ports.now())), ignored };
}

/** A message that is none of ours becomes an event without a source, its content the body; always the same one for the same message. */
async function ofStranger(incoming: Incoming, ports: ConsumerPorts): Promise<FirstRecord> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(incoming.id)));
  const bytes = content(incoming.body);
  const event: SluiceEvent = {
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
  return { event, deliveries: [dead(nobodys(event), ports.now())] };
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

const dead = (delivery: Delivery, now: number): Delivery => ended(delivery, "dead", "unprocessable", now);

const nobodys = (event: SluiceEvent): Delivery => ({
  id: deliveryIdOf(event.id, "0000000000" as ConnectionId),
  event_id: event.id,
  source_id: event.source_id,
  connection_id: null,
  destination_id: null,
  status: "pending",
  attempts_made: 0,
  next_attempt_at: event.received_at,
  deferred_by: null,
  deferrals: 0,
  slot_at: null,
  last_response_status: null,
  last_error: null,
  attempts: [],
  created_at: event.received_at,
  finished_at: null,
  replay_id: null,
  age_credit_ms: 0,
});
