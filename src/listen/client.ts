// Calls the object that has the sockets of a destination's listeners: to send a request, to let one connect, to count them.
import { MAX_RESPONSE_EXCERPT_BYTES } from "../config/limits.ts";
import { LISTENER_KNOWN_MS, LISTENERS_WAIT_MS } from "../config/listener-limits.ts";
import { LATE, orLate, within, type Clock } from "../kernel/clock.ts";
import type { DestinationId } from "../model/ids.ts";
import {
  excerptOf,
  keptHeaders,
  statusCode,
  type Answer,
  type OutboundRequest,
  type Sender,
} from "../outbound/index.ts";
import type { Listeners } from "./listeners.ts";
import type { Order, Reply } from "./protocol.ts";

type Namespace = DurableObjectNamespace<Listeners>;
type Ended = Omit<Answer, "durationMs">;

/** For the object's own part in a request, beyond the destination's timeout. Milliseconds. */
const OVERHEAD_MS = 2_000;

const NO_RESPONSE: Ended = { status: null, headers: null, error: null, excerpt: null };

/** One per invocation. Sends to listeners what is for them, and everything else by `others`. Never throws. */
export function listenerSender(namespace: Namespace, others: Sender, now: Clock): Sender {
  /** Without a listener, and until when that is believed. */
  const absent = new Map<DestinationId, { readonly until: number; readonly forMs: number }>();
  return async (request) => {
    if (request.listener === undefined) return others(request);
    const { destinationId } = request.listener;
    const started = now();
    const known = absent.get(destinationId);
    if (known !== undefined && known.until > started)
      return { ...NO_RESPONSE, durationMs: 0, withoutListenerMs: known.forMs };
    const reply = await askFor(namespace.getByName(destinationId), request, request.listener.deliveryId);
    if (reply.kind === "absent") absent.set(destinationId, { until: now() + LISTENER_KNOWN_MS, forMs: reply.forMs });
    return { ...endOf(reply, request), durationMs: now() - started };
  };
}

async function askFor(
  listeners: ReturnType<Namespace["getByName"]>,
  request: OutboundRequest,
  deliveryId: string,
): Promise<Reply> {
  const { method, headers, body, bodyBytes, timeoutMs } = request;
  const { pathname, search } = new URL(request.url);
  const order: Order = {
    deliveryId,
    method,
    target: pathname + search,
    headers,
    body: body === null ? null : body.kind === "inline" ? body.bytes : { key: body.key },
    bodyBytes: body === null ? 0 : bodyBytes,
    timeoutMs,
  };
  try {
    const reply: Reply | typeof LATE = await orLate(
      timeoutMs + OVERHEAD_MS,
      listeners.deliver(order) as Promise<Reply>,
    );
    return reply === LATE
      ? { kind: "failure", error: "timeout", detail: "The listener did not answer in time." }
      : reply;
  } catch {
    // The object was restarted, by a deployment for example, and its sockets with it.
    return { kind: "gone" };
  }
}

function endOf(reply: Reply, request: OutboundRequest): Ended {
  switch (reply.kind) {
    case "absent":
      return { ...NO_RESPONSE, withoutListenerMs: reply.forMs };
    case "gone":
      return { ...NO_RESPONSE, withoutListenerMs: 0 };
    case "body_missing":
      return { ...NO_RESPONSE, error: "body_missing" };
    case "failure":
      return { ...NO_RESPONSE, error: reply.error, detail: reply.detail };
    case "response": {
      const headers = new Headers();
      for (const [name, value] of reply.headers) {
        try {
          headers.append(name, value);
        } catch {
          // No header that could be stored.
        }
      }
      const excerpt = excerptOf([reply.body]);
      return {
        status: reply.status,
        headers: keptHeaders(headers),
        error: statusCode(reply.status, undefined, excerpt),
        excerpt,
        ...(request.answerBytes === undefined
          ? {}
          : { body: reply.body.slice(0, Math.max(request.answerBytes, MAX_RESPONSE_EXCERPT_BYTES)) }),
      };
    }
  }
}

/** How many listeners of a destination are connected. Throws if that cannot be found out. */
export const countListeners = (namespace: Namespace, destinationId: string): Promise<number> =>
  within(LISTENERS_WAIT_MS, Promise.resolve(namespace.getByName(destinationId).connected()));

/** Connects a listener whose token was checked. The status is 409 if there are too many. */
export const connectListener = (namespace: Namespace, destinationId: string): Promise<Response> =>
  namespace.getByName(destinationId).fetch("http://listeners/", { headers: { upgrade: "websocket" } });
