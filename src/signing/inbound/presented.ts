// Reads the signatures of a request and the time at which they were made.
import type { FailureCause } from "../../model/request-check.ts";
import type { RequestView } from "./request-view.ts";
import type { Encoding, SignaturePlace, TimePlace, TimeUnit } from "./rules.ts";
import { constantTimeEqualText, toBase64, toBase64Url, toHex } from "../../kernel/bytes.ts";

/** Per request. A rotation needs two. Each costs a comparison, or a check of a public-key signature. */
const MAX_SIGNATURES = 16;

/** The items of the header that contains the signatures. Null when the header is missing. */
export function signatureItems(place: SignaturePlace, request: RequestView): string[] | null {
  const values: string[] = [];
  if (place.numbered === true) {
    for (let number = 1; number <= MAX_SIGNATURES; number++) {
      const value = request.header(`${place.header}${number}`);
      if (value !== null) values.push(value);
    }
  } else {
    const value = request.header(place.header);
    if (value !== null) values.push(value);
  }
  if (values.length === 0) return null;
  if (place.separator === undefined) return values;
  // A repeated header is joined with commas, whatever separator its values use.
  return values.flatMap((value) => value.split(place.separator ?? "").map((item) => item.trim().replace(/,$/, "")));
}

/** The items that are signatures, without their prefix and the id of their key. */
export const signaturesAmong = (items: readonly string[], { prefix = "", keyIds }: SignaturePlace): string[] =>
  items
    .filter((item) => item.startsWith(prefix) && item.length > prefix.length)
    .slice(0, MAX_SIGNATURES)
    .map((item) => item.slice(keyIds === true ? item.indexOf(":") + 1 : prefix.length));

/** The time as the text that is signed. Null when it is missing. */
export function timeText(
  place: TimePlace,
  items: readonly string[],
  request: RequestView,
  body: unknown,
): string | null {
  switch (place.in) {
    case "header":
      return request.header(place.name);
    case "signature":
      return items.find((item) => item.startsWith(place.name))?.slice(place.name.length) ?? null;
    case "json": {
      if (typeof body !== "object" || body === null) return null;
      const value = (body as Record<string, unknown>)[place.name];
      return typeof value === "number" || typeof value === "string" ? String(value) : null;
    }
  }
}

/** Milliseconds since the epoch, or null. */
function parseTime(text: string, unit: TimeUnit): number | null {
  if (unit === "iso8601") {
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/.test(text)) return null;
    const at = Date.parse(text);
    return Number.isNaN(at) ? null : at;
  }
  if (!/^\d{1,15}$/.test(text)) return null;
  return Number(text) * (unit === "seconds" ? 1_000 : 1);
}

export function timeFault(
  text: string | null,
  unit: TimeUnit,
  nowMs: number,
  toleranceSeconds: number,
): FailureCause | null {
  if (text === null) return "missing_timestamp";
  const at = parseTime(text, unit);
  if (at === null) return "malformed_timestamp";
  if (nowMs - at > toleranceSeconds * 1_000) return "timestamp_too_old";
  return at - nowMs > toleranceSeconds * 1_000 ? "timestamp_in_future" : null;
}

/**
 * Compares as text, in constant time: after decoding, several texts would be the same signature. Only the case of hexadecimal digits and
 * the padding of base64url may differ.
 */
export function matchesMac(presented: string, mac: Uint8Array, encoding: Encoding): boolean {
  switch (encoding) {
    case "hex":
      return constantTimeEqualText(presented.toLowerCase(), toHex(mac));
    case "base64":
      return constantTimeEqualText(presented, toBase64(mac));
    case "base64url":
      return constantTimeEqualText(presented.replace(/=+$/, ""), toBase64Url(mac));
  }
}
