// Sends to a Cloudflare Queue, by a producer binding or by the API. A queue's message has no headers, so it is an object with the body in it.
// https://developers.cloudflare.com/queues/configuration/javascript-apis/, https://developers.cloudflare.com/api/resources/queues/
import {
  MAX_QUEUE_MESSAGE_BYTES,
  MAX_SEND_BATCH_BYTES,
  MAX_SEND_BATCH_MESSAGES,
  MESSAGE_METADATA_BYTES,
} from "../config/limits.ts";
import { decodeUtf8, toBase64, utf8 } from "../kernel/bytes.ts";
import { isObject } from "../kernel/json-object.ts";
import { err, ok } from "../kernel/result.ts";
import type { BrokerOf } from "../model/destination.ts";
import { headerValue } from "../model/event.ts";
import { Batcher, toAll } from "./batcher.ts";
import { fault, messageOf } from "./faults.ts";
import { headerTable } from "./headers.ts";
import { callApi, statusFault, textOf } from "./http.ts";
import type { BrokerPorts, Confirmed, Connect, Fault, Message } from "./types.ts";

const LIMITS = { messages: MAX_SEND_BATCH_MESSAGES, bytes: MAX_SEND_BATCH_BYTES };

type Entry = ReturnType<typeof entryOf>;

export const connectCloudflareQueue: Connect<"cloudflare_queue"> = async (destination, first, signal, ports) => {
  const { binding } = destination;
  const queue = binding === null ? null : ports.queue(binding);
  if (binding !== null && queue === null)
    return err(fault("not_found", `${binding} is not a queue's producer binding of this Worker.`));
  const batcher = new Batcher<Entry>(LIMITS, ports.sleep, (entries) =>
    queue === null
      ? sendByApi(destination, first.secrets["token"] ?? "", entries, signal, ports)
      : sendByBinding(queue, entries),
  );
  return ok({
    publish: (message) => {
      const entry = entryOf(message);
      const bytes = utf8(JSON.stringify(entry)).byteLength + MESSAGE_METADATA_BYTES;
      if (bytes > MAX_QUEUE_MESSAGE_BYTES)
        return Promise.resolve(
          err(fault("too_large", `The message with its headers is larger than ${MAX_QUEUE_MESSAGE_BYTES} bytes.`)),
        );
      return batcher.add(entry, bytes);
    },
    close: async () => undefined,
  });
};

function entryOf(message: Message) {
  const text = decodeUtf8(message.body);
  return {
    event_id: message.eventId,
    delivery_id: message.deliveryId,
    attempt: message.attempt,
    source: message.source,
    content_type: headerValue(message.headers, "content-type"),
    headers: headerTable(message.headers),
    ...(text === null ? { body_base64: toBase64(message.body) } : { body: text }),
  };
}

async function sendByBinding(
  queue: Pick<Queue, "sendBatch">,
  entries: readonly Entry[],
): Promise<readonly Confirmed[]> {
  try {
    await queue.sendBatch(entries.map((body) => ({ body, contentType: "json" as const })));
    return toAll(entries, ok("accepted"));
  } catch (error) {
    return toAll(entries, err(queueFault(messageOf(error))));
  }
}

/** https://developers.cloudflare.com/queues/reference/error-codes/: the code ends the text, in brackets. */
function queueFault(text: string): Fault {
  const code = /\((\d{5})\)\s*$/.exec(text)?.[1];
  if (code === "10250" || code === "10251") return fault("throttled", text);
  return fault(code === "10204" || code === "10205" ? "too_large" : "broker_error", text);
}

async function sendByApi(
  { account_id, queue_id }: BrokerOf<"cloudflare_queue">,
  token: string,
  entries: readonly Entry[],
  signal: AbortSignal,
  ports: BrokerPorts,
): Promise<readonly Confirmed[]> {
  const answer = await callApi(
    `${ports.cloudflareApi}/accounts/${account_id ?? ""}/queues/${queue_id ?? ""}/messages/batch`,
    {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ messages: entries.map((body) => ({ body, content_type: "json" })) }),
    },
    signal,
    ports,
  );
  if (!answer.ok) return toAll(entries, answer);
  const { status, json } = answer.value;
  if (status === 200 && json["success"] === true) return toAll(entries, ok("accepted"));
  const [first] = Array.isArray(json["errors"]) ? (json["errors"] as unknown[]) : [];
  const words = isObject(first) ? `${textOf(first["message"])} (${textOf(first["code"])})` : undefined;
  const named = words === undefined ? null : queueFault(words);
  return toAll(
    entries,
    err(named !== null && named.code !== "broker_error" ? named : statusFault(answer.value, words)),
  );
}
