// Prepares the request of one attempt, step by step. Opening secrets, fetching tokens and reading bodies may take time, so the caller checks
// its permit again afterwards. Uses neither the record nor the queue.
import { MAX_OUTBOUND_HEADER_BYTES, MAX_OUTBOUND_URL_BYTES } from "../../config/limits.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { isBroker } from "../../model/destination.ts";
import { headerValue } from "../../model/event.ts";
import { calledUrl } from "./called-url.ts";
import { authorize, type AuthorizePorts } from "./authorize.ts";
import { withCallback, type CallbackPorts } from "./callback-request.ts";
import { prepareMessage } from "./message.ts";
import { buildRequest } from "./request.ts";
import { transformSending, type TransformPorts } from "./transform.ts";
import type { Sending, Unprepared } from "../types.ts";
import { checkUrl, type UrlPorts, type OutboundRequest } from "../../outbound/index.ts";

export interface PreparePorts extends AuthorizePorts, TransformPorts, CallbackPorts {
  readonly urls: UrlPorts;
}

/** @param refused a token that the destination has just answered 401 to */
export async function prepare(
  sending: Sending,
  now: number,
  ports: PreparePorts,
  refused: string | null = null,
): Promise<Result<OutboundRequest, Unprepared>> {
  const plain = await prepareUnsigned(sending, now, ports);
  return plain.ok ? authorize(plain.value.request, plain.value.sending, now, ports, refused) : plain;
}

interface Unsigned {
  /** Without the destination's credentials and signatures. */
  readonly request: OutboundRequest;
  /** After its transform. */
  readonly sending: Sending;
}

export async function prepareUnsigned(
  given: Sending,
  now: number,
  ports: PreparePorts,
): Promise<Result<Unsigned, Unprepared>> {
  const transformed = await transformSending(given, ports);
  if (!transformed.ok) return transformed;
  const sending = transformed.value;
  const { destination } = sending;
  const built = isBroker(destination)
    ? await prepareMessage({ ...sending, destination }, now, ports)
    : await withCallback(
        // The URL of the event as received: a transform does not change what the sender called.
        buildRequest({ ...sending, destination }, now, calledUrl(given, ports.urls.allowPrivate)),
        sending,
        now,
        ports,
      );
  if (!built.ok) return built;
  const request = built.value;
  // Sluice itself sends nothing to the address that a listener calls, nor to a mock; a broker's is checked with its message.
  const fault = tooLarge(request) ?? (given.destination.type === "http" ? await unsafe(request, given, ports) : null);
  return fault === null ? ok({ request, sending }) : err(fault);
}

/** Beyond these limits the platform ends the request without an explanation. */
function tooLarge(request: OutboundRequest): Unprepared | null {
  const headerBytes = request.headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  if (request.url.length > MAX_OUTBOUND_URL_BYTES)
    return { kind: "failed", error: "too_large", detail: `The URL is longer than ${MAX_OUTBOUND_URL_BYTES} bytes.` };
  if (headerBytes <= MAX_OUTBOUND_HEADER_BYTES) return null;
  const detail = `The headers are larger than ${MAX_OUTBOUND_HEADER_BYTES} bytes.`;
  return { kind: "failed", error: "too_large", detail };
}

/** Repeats the checks made when the destination was configured: rules, addresses and names may have changed since. */
async function unsafe(
  request: OutboundRequest,
  { event }: Sending,
  { urls }: PreparePorts,
): Promise<Unprepared | null> {
  // The host that the sender called is one of our own.
  const receivedAt = headerValue(event.headers, "host");
  const ownHosts = [...(urls.ownHosts ?? []), ...(receivedAt === null ? [] : [receivedAt])];
  const checked = await checkUrl(request.url, { ...urls, ownHosts });
  if (checked.ok) return null;
  if (checked.error.isTemporary === true)
    return { kind: "put_off", by: "resolver_unavailable", detail: "no resolver answered" };
  return { kind: "failed", error: checked.error.code, detail: `The URL ${checked.error.detail}.` };
}
