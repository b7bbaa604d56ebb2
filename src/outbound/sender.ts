// Sends one request and reads the part of the response that is stored. Follows no redirect; never throws. A 2xx counts as soon as its head
// has arrived: servers that answer 200 and then send a broken body have done their work.
import {
  BODY_OF_SUCCESS_WAIT_MS,
  MAX_RESPONSE_EXCERPT_BYTES,
  MAX_RESPONSE_HEADERS,
  MAX_RESPONSE_HEADER_BYTES,
} from "../config/limits.ts";
import { concatBytes } from "../kernel/bytes.ts";
import type { Clock } from "../kernel/clock.ts";
import { isTooManySubrequests } from "../kernel/subrequests.ts";
import type { ErrorCode } from "../model/delivery.ts";
import { diagnose, edgeErrorCode } from "./failure.ts";
import type { OutboundRequest, Answer, Sender, Probe } from "./types.ts";
import { isHopByHop } from "./hop-by-hop.ts";

export interface SenderPorts {
  readonly fetch: typeof fetch;
  /** The body in R2 under this key. Null when it no longer exists. */
  readonly readStored: (key: string) => Promise<ReadableStream | null>;
  readonly probe: Probe;
  readonly now: Clock;
}

export function httpSender(ports: SenderPorts): Sender {
  return async (request) => {
    const started = ports.now();
    const signal = AbortSignal.timeout(request.timeoutMs);
    const seen: Progress = { isReadingBody: false, response: null, parts: [] };
    const end = (error: ErrorCode | null, detail: string | null = null): Answer => ({
      status: seen.response?.status ?? null,
      headers: seen.response === null ? null : keptHeaders(seen.response.headers),
      error,
      excerpt: seen.response === null ? null : excerptOf(seen.parts),
      durationMs: ports.now() - started,
      ...(detail === null ? {} : { detail }),
      ...(request.answerBytes === undefined || seen.response === null ? {} : { body: concatBytes(seen.parts) }),
    });
    try {
      // The race covers what ignores the signal: R2 may hang.
      const response = await Promise.race([exchange(request, seen, signal, ports), expiry(signal)]);
      if (response === null) return end("body_missing");
      const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
      const limit = Math.max(MAX_RESPONSE_EXCERPT_BYTES, request.answerBytes ?? 0);
      const reading = reader === undefined ? Promise.resolve() : readHead(reader, limit, seen.parts);
      if (hasSucceeded(request, response)) {
        const leftMs = request.timeoutMs - (ports.now() - started);
        const waitMs = request.answerBytes === undefined ? Math.min(BODY_OF_SUCCESS_WAIT_MS, leftMs) : leftMs;
        const oddity = await oddityOf(reading, Math.max(0, waitMs));
        reader?.cancel().catch(() => undefined);
        return end(null, oddity);
      }
      await Promise.race([reading, expiry(signal)]);
      return end(statusCode(response.status, response.headers.get("server") ?? undefined, excerptOf(seen.parts)));
    } catch (error) {
      if (isTooManySubrequests(error)) return { ...end("network"), isOverBudget: true };
      if (seen.isReadingBody) return { ...end("network"), isBodyUnavailable: true };
      const timedOut = signal.aborted;
      return end(
        timedOut ? "timeout" : await diagnose(error, new URL(request.url), seen.response !== null, ports.probe),
      );
    }
  };
}

/** How far an exchange has come: a timeout or a broken connection may end it anywhere. */
interface Progress {
  /** From R2. */
  isReadingBody: boolean;
  response: Response | null;
  /** Of the response. */
  readonly parts: Uint8Array[];
}

/** @returns the response when its head has arrived; null when the stored body no longer exists and no request was made */
async function exchange(
  request: OutboundRequest,
  seen: Progress,
  signal: AbortSignal,
  ports: SenderPorts,
): Promise<Response | null> {
  let body: BodyInit | null = null;
  if (request.body?.kind === "inline") body = request.body.bytes.byteLength > 0 ? request.body.bytes : null;
  else if (request.body?.kind === "r2") {
    seen.isReadingBody = true;
    const stored = await ports.readStored(request.body.key);
    seen.isReadingBody = false;
    if (stored === null) return null;
    // A stream of known length, so that the request has a content-length like the original.
    body = stored.pipeThrough(new FixedLengthStream(request.bodyBytes));
  }
  seen.response = await (request.fetcher ?? ports.fetch)(request.url, {
    method: request.method,
    headers: request.headers.map(([name, value]) => [name, value]),
    body,
    redirect: "manual",
    signal,
  });
  return seen.response;
}

/** Whatever becomes of its body. A batch's 207 lists the results in its body. */
const hasSucceeded = (request: OutboundRequest, { ok, status }: Response): boolean =>
  ok && !(status === 207 && request.isBatch === true);

/** What is wrong with a body that decides nothing, for the user; null when it could be read. */
async function oddityOf(reading: Promise<void>, waitMs: number): Promise<string | null> {
  const late = AbortSignal.timeout(waitMs);
  try {
    await Promise.race([reading, expiry(late)]);
    return null;
  } catch {
    return late.aborted
      ? `The body of the response had not ended after ${waitMs} ms.`
      : "The body of the response broke off, or is not encoded as its head says.";
  }
}

const expiry = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(new DOMException("too late", "TimeoutError")), { once: true }),
  );

async function readHead(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
  parts: Uint8Array[],
): Promise<void> {
  let size = 0;
  while (size < limit) {
    const { done, value } = await reader.read();
    if (done) return;
    // Copied, because a reference to its beginning would keep a large chunk in memory.
    parts.push(value.slice(0, limit - size));
    size += value.byteLength;
  }
  // The rest is not needed and would hold the connection. Nothing waits for the cancellation.
  reader.cancel().catch(() => undefined);
}

/** The start of a body as it is stored. A character that the limit cuts in two is left out. */
export const excerptOf = (parts: readonly Uint8Array[]): string =>
  new TextDecoder().decode(concatBytes(parts).subarray(0, MAX_RESPONSE_EXCERPT_BYTES), { stream: true });

/** @param server the header `server` @returns null for a success */
export function statusCode(status: number, server: string | undefined, excerpt: string): ErrorCode | null {
  // A batch's 207.
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return "redirect";
  // RFC 5842, section 7.2. Another Sluice answers so when a request has passed through too many.
  if (status === 508) return "loop";
  return edgeErrorCode(status, server, excerpt) ?? "http_status";
}

/** Headers that decide about the next attempt come first, so that they are stored however many others there are. */
const DECIDES = /^(retry-after|webhook-delivery|(x-)?ratelimit(-.*)?)$/;

/** The headers of a response that are stored. */
export function keptHeaders(headers: Headers): Record<string, string> {
  // A session cookie of the destination is a secret.
  const kept = [...headers].filter(([name]) => name !== "set-cookie" && !isHopByHop(name));
  const inOrder = [...kept.filter(([name]) => DECIDES.test(name)), ...kept.filter(([name]) => !DECIDES.test(name))];
  const short = inOrder.slice(0, MAX_RESPONSE_HEADERS);
  return Object.fromEntries(short.map(([name, value]) => [name, value.slice(0, MAX_RESPONSE_HEADER_BYTES)]));
}
