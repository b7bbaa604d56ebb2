// How many Sluices a request has gone through, in the manner of CDN-Loop (RFC 8586): each one adds one, and none takes part in a circle.
import { headerValue, type HeaderList } from "./event.ts";

export const HOPS_HEADER = "sluice-hops";

/** 0 for a request that has none; a value that is no count is one too many. */
export function hopsOf(headers: HeaderList): number {
  const text = headerValue(headers, HOPS_HEADER);
  if (text === null) return 0;
  // Repeated fields arrive joined; the largest tells.
  const counts = text.split(",").map((part) => (/^\s*\d{1,6}\s*$/.test(part) ? Number(part) : Infinity));
  return Math.max(...counts);
}
