// How many instances of Sluice a request has passed through, like CDN-Loop (RFC 8586): each adds one, and refuses what loops.
import { headerValue, type HeaderList } from "./event.ts";

export const HOPS_HEADER = "sluice-hops";

/** 0 without the header; infinite when its value is not a number. */
export function readHops(headers: HeaderList): number {
  const text = headerValue(headers, HOPS_HEADER);
  if (text === null) return 0;
  // Repeated fields arrive joined: the largest counts.
  const counts = text.split(",").map((part) => (/^\s*\d{1,6}\s*$/.test(part) ? Number(part) : Infinity));
  return Math.max(...counts);
}
