// Sends one request and reads as much of the answer as is kept. Follows no redirect; never throws.
import { MAX_RESPONSE_EXCERPT_BYTES, MAX_RESPONSE_HEADERS, MAX_RESPONSE_HEADER_BYTES } from "../config/limits.ts";
import { concatBytes } from "../kernel/bytes.ts";
import type { Clock } from "../kernel/clock.ts";
import type { ErrorCode } from "../model/delivery.ts";
import type { Outcome } from "./outcome.ts";
import type { OutboundRequest } from "./request.ts";

export interface Answer extends Outcome {
  readonly durationMs: number;
  /** The first bytes as text; null without an answer. */
  readonly excerpt: string | null;
}

export type Sender = (request: OutboundRequest) => Promise<Answer>;

/** @param readStored the body that lies in R2 under a key, or null when it is gone */
export function httpSender(
  fetcher: typeof fetch,
  readStored: (key: string) => Promise<ReadableStream | null>,
  now: Clock,
): Sender {
  return async (request) => {
    const started = now();
    const failed = (error: ErrorCode): Answer => ({
      status: null,
      headers: null,
      error,
      excerpt: null,
      durationMs: now() - started,
    });
    const signal = AbortSignal.timeout(request.timeoutMs);
    try {
      let body: BodyInit | null = null;
      if (request.body?.kind === "inline") body = request.body.bytes.byteLength > 0 ? request.body.bytes : null;
      else if (request.body?.kind === "r2") {
        const stored = await readStored(request.body.key);
        if (stored === null) return failed("body_missing");
        // A stream of known length, so that the request carries content-length as the original did.
        body = stored.pipeThrough(new FixedLengthStream(request.bodyBytes));
      }
      const response = await (request.fetcher ?? fetcher)(request.url, {
        method: request.method,
        headers: request.headers.map(([name, value]) => [name, value]),
        body,
        redirect: "manual",
        signal,
      });
      const excerpt = await readExcerpt(response);
      return {
        status: response.status,
        headers: keptHeaders(response.headers),
        error: response.ok ? null : response.status >= 300 && response.status < 400 ? "redirect" : "http_status",
        excerpt,
        durationMs: now() - started,
      };
    } catch (error) {
      return failed(signal.aborted ? "timeout" : errorCode(error));
    }
  };
}

async function readExcerpt(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const parts: Uint8Array[] = [];
  let size = 0;
  while (size < MAX_RESPONSE_EXCERPT_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value as Uint8Array);
    size += (value as Uint8Array).byteLength;
  }
  // The rest is none of our business and would hold the connection.
  await reader.cancel().catch(() => undefined);
  return new TextDecoder().decode(concatBytes(parts).subarray(0, MAX_RESPONSE_EXCERPT_BYTES));
}

function keptHeaders(headers: Headers): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of [...headers].slice(0, MAX_RESPONSE_HEADERS)) {
    // A session of the destination's is a secret of its own.
    if (name !== "set-cookie") out[name] = value.slice(0, MAX_RESPONSE_HEADER_BYTES);
  }
  return out;
}

/** The runtime tells network failures apart only in words. */
export function errorCode(error: unknown): ErrorCode {
  const text = error instanceof Error ? `${error.name} ${error.message}`.toLowerCase() : "";
  if (text.includes("timeout") || text.includes("timed out")) return "timeout";
  if (text.includes("dns") || text.includes("getaddrinfo") || text.includes("name not resolved")) return "dns";
  if (text.includes("refused")) return "connect_refused";
  if (text.includes("tls") || text.includes("ssl") || text.includes("certificate")) return "tls";
  if (text.includes("reset") || text.includes("disconnected") || text.includes("connection lost")) return "reset";
  return "network";
}
