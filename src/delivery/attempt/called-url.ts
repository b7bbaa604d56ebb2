// The URL that the sender called, for receivers that verify a signature over it. Pure.
import { MAX_HEADER_VALUE_LENGTH } from "../../config/limits.ts";
import { headerValue, isReceived } from "../../model/event.ts";
import type { Sending } from "../types.ts";

/**
 * Without the credential that the source consumed from its query. Null for events that no sender sent to a source (published ones, callbacks), for
 * batches, and for a URL that is too long for a header.
 * @param isLocal in development Sluice is called by plain http; Cloudflare names the scheme in `x-forwarded-proto`
 */
export function calledUrl({ event, sourceSlug, batchSize }: Sending, isLocal: boolean): string | null {
  const host = headerValue(event.headers, "host");
  if (host === null || sourceSlug === null || batchSize !== undefined || !isReceived(event)) return null;
  const named = headerValue(event.headers, "x-forwarded-proto")?.toLowerCase() ?? "";
  const scheme = /^https?$/.test(named) ? named : isLocal ? "http" : "https";
  const url = `${scheme}://${host}/in/${sourceSlug}${event.path}${event.query}`;
  // Many servers take 16 KB of head in all, and the same path and query are in the request's own URL.
  return url.length > MAX_HEADER_VALUE_LENGTH ? null : url;
}
