// Prepares one message for a broker: fills in its templates, checks its size and the broker's addresses. Pure but for look-ups and R2.
import { MAX_MESSAGE_BODY_BYTES, MAX_QUEUE_MESSAGE_BYTES, MAX_SQS_MESSAGE_BYTES } from "../../config/limits.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { BrokerDestination } from "../../model/destination.ts";
import { brokerAddresses, checkAddress, checkUrl, type OutboundRequest, type UrlPorts } from "../../outbound/index.ts";
import { messageTemplates, renderMessageFields, type BodySource, type MessageFields } from "../../routing/index.ts";
import { calledUrl } from "./called-url.ts";
import { loadBody, type BodyPorts } from "./load-body.ts";
import { outboundHeaders } from "./request.ts";
import type { Sending, Unprepared } from "../types.ts";

export type BrokerSending = Sending & { readonly destination: BrokerDestination };

export interface MessagePorts extends BodyPorts {
  readonly urls: UrlPorts;
}

/** Without credentials. @param sending after its transform */
export async function prepareMessage(
  sending: BrokerSending,
  now: number,
  ports: MessagePorts,
): Promise<Result<OutboundRequest, Unprepared>> {
  const { event, delivery, destination, sourceSlug } = sending;
  const fault = sizeFault(sending) ?? (await unsafe(destination, ports.urls));
  if (fault !== null) return err(fault);
  const fields = await messageFields(sending, ports);
  if (!fields.ok) return fields;
  return ok({
    url: "",
    method: event.method,
    headers: outboundHeaders(sending, now, calledUrl(sending, ports.urls.allowPrivate)),
    body: event.body,
    bodyBytes: event.body_bytes,
    timeoutMs: destination.timeout_ms,
    message: {
      destination,
      eventId: event.id,
      deliveryId: delivery.id,
      attempt: delivery.attempts_made + 1,
      source: sourceSlug,
      eventType: event.event_type ?? null,
      sentAt: now,
      ...fields.value,
      secrets: {},
    },
  });
}

/** The most that a message of this type may have, headers aside. Bytes. */
const maxBodyBytes = { sqs: MAX_SQS_MESSAGE_BYTES, cloudflare_queue: MAX_QUEUE_MESSAGE_BYTES } as const;

function sizeFault({ event, destination }: BrokerSending): Unprepared | null {
  const limit =
    destination.type === "sqs" || destination.type === "cloudflare_queue"
      ? maxBodyBytes[destination.type]
      : MAX_MESSAGE_BODY_BYTES;
  if (event.body_bytes > limit)
    return { kind: "failed", error: "too_large", detail: `The body is larger than ${limit} bytes.` };
  // SQS has no message without a body.
  return destination.type === "sqs" && event.body_bytes === 0
    ? { kind: "dead", error: "unprocessable: sqs_takes_no_empty_body" }
    : null;
}

/** Repeats the checks made when the destination was configured: rules, addresses and names may have changed since. */
async function unsafe(destination: BrokerDestination, urls: UrlPorts): Promise<Unprepared | null> {
  if (destination.type === "cloudflare_queue") return null;
  if (destination.type === "sqs") {
    const checked = await checkUrl(destination.url, urls);
    return checked.ok ? null : unsafeAddress(destination.url, checked.error);
  }
  const found = brokerAddresses(destination);
  if (!found.ok) return { kind: "failed", error: "blocked_address", detail: `The address ${found.error.detail}.` };
  let fault: Unprepared | null = null;
  for (const address of found.value) {
    const checked = await checkAddress(address, urls);
    // Of Kafka's brokers, one is enough; no socket is opened to those that may not be called.
    if (checked.ok) return null;
    fault ??= unsafeAddress(`${address.host}:${address.port}`, checked.error);
  }
  return fault;
}

type AddressFault = Extract<Awaited<ReturnType<typeof checkAddress>>, { ok: false }>["error"];

const unsafeAddress = (address: string, { isTemporary, code, detail }: AddressFault): Unprepared =>
  isTemporary === true
    ? { kind: "put_off", by: "resolver_unavailable", detail: "no resolver answered" }
    : { kind: "failed", error: code, detail: `The address ${address} ${detail}.` };

async function messageFields(
  { event, destination, sourceSlug }: BrokerSending,
  ports: BodyPorts,
): Promise<Result<MessageFields, Unprepared>> {
  const unprocessable = (why: string): Result<never, Unprepared> =>
    err({ kind: "dead", error: `unprocessable: ${why}` });
  const templates = messageTemplates(destination);
  if (!templates.ok) return unprocessable(`${templates.error.pointer.slice(1)}: ${templates.error.detail}`);
  let body: BodySource = "missing";
  try {
    if (templates.value.readsBody) body = await loadBody(event, ports);
  } catch {
    return err({ kind: "put_off", by: "body_unavailable", detail: "R2 cannot be read" });
  }
  const rendered = renderMessageFields(templates.value, event, body, sourceSlug);
  return rendered.ok ? rendered : unprocessable(rendered.error);
}
