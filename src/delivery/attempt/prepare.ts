// Prepares the request of one attempt, step by step. Opening secrets, fetching tokens and reading bodies may take time, so the caller checks
// its permit again afterwards. Uses neither the record nor the queue.
import { MAX_OUTBOUND_HEADER_BYTES, MAX_OUTBOUND_URL_BYTES } from "../../config/limits.ts";
import { err, type Result } from "../../kernel/result.ts";
import { headerValue } from "../../model/event.ts";
import { calledUrl } from "./called-url.ts";
import { authorize, type AuthorizePorts } from "./authorize.ts";
import { withCallback, type CallbackPorts } from "./callback-request.ts";
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
  const transformed = await transformSending(sending, ports);
  if (!transformed.ok) return transformed;
  // Of the event as received: a transform changes neither the URL that the sender called nor, for the checks below, its host.
  const called = calledUrl(sending, ports.urls.allowPrivate);
  const built = await withCallback(buildRequest(transformed.value, now, called), transformed.value, now, ports);
  if (!built.ok) return built;
  const fault = tooLarge(built.value) ?? (await unsafe(built.value, sending, ports));
  if (fault !== null) return err(fault);
  return authorize(built.value, transformed.value, now, ports, refused);
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
