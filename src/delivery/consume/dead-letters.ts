// Records as dead what could not be processed: the payload kept, reason `unprocessable`, visible and replayable. Never loops.
import { timeToBase32, toBase32 } from "../../kernel/base32.ts";
import { utf8, type Bytes } from "../../kernel/bytes.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { SluiceEvent } from "../../model/event.ts";
import type { Ignored } from "../../model/ignored.ts";
import type { ConnectionId } from "../../model/ids.ts";
import { deliveryIdOf } from "../../model/ids.ts";
import { parseMessage, type EventMessage, type RecordMessage } from "../../model/message.ts";
import { makeCallbacks } from "../outcome/callback.ts";
import { destinationsOf, isDirect } from "./direct.ts";
import { matchAtLast } from "./match-event.ts";
import { ended } from "../outcome/transitions.ts";
import type { Ending, FirstRecord } from "../types.ts";
import { NOTHING_TO_WRITE, type ConsumerPorts, type Incoming } from "../ports.ts";
import { newDelivery } from "../../routing/index.ts";
import { describeError } from "../../telemetry/index.ts";

const MAX_WAIT_SECONDS = 3_600;

/** Buries every message of the batch and acks it; what cannot be written comes back later and later. */
export async function deadLetterMessages(
  batch: readonly Incoming[],
  queue: string,
  ports: ConsumerPorts,
): Promise<void> {
  for (const incoming of batch) {
    try {
      await deadLetter(incoming, ports);
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

async function deadLetter(incoming: Incoming, ports: ConsumerPorts): Promise<void> {
  const message = parseMessage(incoming.body);
  if (message?.kind === "newer") throw new Error("a newer release has sent this message");
  // Times that stay as they are; deliveries that are cancelled when they come, or that the sweep brings, as it does with runs.
  if (message?.kind === "retime" || message?.kind === "cancel") return;
  if (message?.kind === "flush" || message?.kind === "replay") return;
  if (message?.kind === "due") {
    return ports.records.deadLetterDue([message.id], (endings) => makeCallbacks(endings, ports.completeId));
  }
  const { event, endings, ignored, callbacks } = await readDeadLetter(message, incoming, ports);
  const first: FirstRecord = { event, deliveries: endings.map(({ delivery }) => delivery), ignored };
  await ports.records.write({
    ...NOTHING_TO_WRITE,
    firsts: [first],
    // The sweep puts them into their queue.
    callbacks: callbacks ?? (await makeCallbacks(endings, ports.completeId)),
    forget: message?.journal === "d1" ? [first.event.id] : [],
  });
  if (message?.journal === "r2") await ports.forgetJournal([message.event.id]);
}

interface DeadLetter {
  readonly event: SluiceEvent;
  readonly endings: readonly Ending[];
  readonly ignored: readonly Ignored[];
  /** Those that the message brought. */
  readonly callbacks?: readonly FirstRecord[] | undefined;
}

async function readDeadLetter(
  message: EventMessage | RecordMessage | null,
  incoming: Incoming,
  ports: ConsumerPorts,
): Promise<DeadLetter> {
  if (message === null) return fromUnparsable(incoming, ports);
  if (message.kind === "event") return ofEvent(message, ports);
  const { event, deliveries, ignored = [], callbacks } = message;
  return { event, endings: deliveries.map((delivery) => ({ delivery, event, connection: null })), ignored, callbacks };
}

async function ofEvent(message: EventMessage, ports: ConsumerPorts): Promise<DeadLetter> {
  const { event } = message;
  if (isDirect(event)) {
    const deliveries = destinationsOf([event]).map((id) => dead(newDelivery(event, null, id), ports.now()));
    return { event, endings: deliveries.map((delivery) => ({ delivery, event, connection: null })), ignored: [] };
  }
  const sourceId = event.source_id ?? "";
  const documents = await ports.routes(new Map([[sourceId, message.source_slug]]), null);
  const { matches, ignored } = await matchAtLast(event, documents.get(sourceId), ports);
  const endings = matches.map(({ delivery, route }) => ({
    delivery: dead(delivery, ports.now()),
    event,
    connection: route.connection,
  }));
  // Filtered out is no failure: then there is nothing to bury.
  const isOver = endings.length > 0 || ignored.some(({ reason }) => reason === "filter");
  return { event, endings: isOver ? endings : [placeholderEnding(event, ports.now())], ignored };
}

const placeholderEnding = (event: SluiceEvent, now: number): Ending => ({
  delivery: dead(placeholderDelivery(event), now),
  event,
  connection: null,
});

/** A message that is none of ours becomes an event without a source, its content the body; always the same one for the same message. */
async function fromUnparsable(incoming: Incoming, ports: ConsumerPorts): Promise<DeadLetter> {
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
  return { event, endings: [placeholderEnding(event, ports.now())], ignored: [] };
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

/** Of an event that goes nowhere: it stands for what could not be told. */
export const placeholderDelivery = (event: SluiceEvent): Delivery => ({
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
