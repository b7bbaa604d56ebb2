// When a receiver says it may be called again: Retry-After and the rate-limit headers in use. Pure; a value that makes no sense counts as absent.
import { MAX_RETRY_AFTER_SECONDS } from "../../config/limits.ts";
import { DAY_MS, parseDuration, SECOND_MS } from "../../kernel/durations.ts";

type Headers = Readonly<Record<string, string>>;

const CLAMP_MS = MAX_RETRY_AFTER_SECONDS * SECOND_MS;
/** A number this close to now is an instant: as a duration it would be decades. */
const INSTANT_SPAN_MS = 365 * DAY_MS;

/** RFC 9110, section 10.2.3. Milliseconds since the epoch, in the future, clamped; null when absent or senseless. */
export function retryAfter(value: string | undefined, now: number): number | null {
  return value === undefined ? null : readTime(value, now);
}

/** `Retry-After: -1`: do not retry automatically. */
export const isNever = (value: string | undefined): boolean => value?.trim() === "-1";

/**
 * The latest reset time of the exhausted limits: `X-RateLimit-Reset`, its variants per kind (OpenAI) and `-After` (Discord),
 * `RateLimit-Reset`, and `RateLimit` of draft-ietf-httpapi-ratelimit-headers in its older and newer forms. A limit with
 * something left is not the reason for a refusal.
 */
export function rateLimitReset(headers: Headers, now: number): number | null {
  const times = [
    ...["", "-requests", "-tokens"].map((kind) =>
      exhausted(headers[`x-ratelimit-remaining${kind}`]) ? retryAfter(headers[`x-ratelimit-reset${kind}`], now) : null,
    ),
    exhausted(headers["x-ratelimit-remaining"]) ? retryAfter(headers["x-ratelimit-reset-after"], now) : null,
    exhausted(headers["ratelimit-remaining"]) ? retryAfter(headers["ratelimit-reset"], now) : null,
    ...policies(headers["ratelimit"] ?? "").map(({ remaining, reset }) =>
      exhausted(remaining) ? retryAfter(reset, now) : null,
    ),
  ];
  return times.reduce<number | null>((latest, time) => (time === null ? latest : Math.max(latest ?? 0, time)), null);
}

const exhausted = (remaining: string | undefined): boolean => remaining === undefined || !(Number(remaining) > 0);

/** `"default";r=0;t=30, "daily";r=9;t=3600`, or the one policy of the older `limit=10, remaining=0, reset=30`. */
function policies(value: string): { remaining: string | undefined; reset: string | undefined }[] {
  if (/\breset=/.test(value)) return [{ remaining: parameter(value, "remaining"), reset: parameter(value, "reset") }];
  // Names are quoted and may contain separators.
  const bare = value.replaceAll(/"(?:[^"\\]|\\.)*"/g, "_");
  return bare.split(",").map((item) => ({ remaining: parameter(item, "r"), reset: parameter(item, "t") }));
}

const parameter = (text: string, name: string): string | undefined =>
  new RegExp(`(?:^|[;,\\s])${name}=([^;,\\s]+)`).exec(text)?.[1];

/** A span in seconds or as `6m5s`, or an instant: seconds or milliseconds since the epoch, an HTTP date, RFC 3339. */
function readTime(value: string, now: number): number | null {
  const text = value.trim().slice(0, 64);
  const at = /^\d{1,20}(\.\d{1,20})?$/.test(text) ? readNumber(Number(text), now) : readText(text, now);
  return at !== null && Number.isFinite(at) && at > now ? Math.min(at, now + CLAMP_MS) : null;
}

function readNumber(value: number, now: number): number {
  if (Math.abs(value - now) < INSTANT_SPAN_MS) return value;
  if (Math.abs(value * SECOND_MS - now) < INSTANT_SPAN_MS) return value * SECOND_MS;
  return now + value * SECOND_MS;
}

function readText(text: string, now: number): number | null {
  const span = parseDuration(text.toLowerCase());
  return span === null ? readDate(text, now) : now + span;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const IMF_OR_RFC850 = /^[a-z]+, (\d{2})[ -]([a-z]{3})[ -](\d{4}|\d{2}) (\d{2}):(\d{2}):(\d{2}) gmt$/i;
const ASCTIME = /^[a-z]{3} ([a-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/i;
const RFC3339 = /^\d{4}-\d{2}-\d{2}t\d{2}:\d{2}:\d{2}(\.\d+)?(z|[+-]\d{2}:\d{2})$/i;

/** RFC 9110, section 5.6.7, in its three forms. */
function readDate(text: string, now: number): number | null {
  if (RFC3339.test(text)) return Date.parse(text.toUpperCase());
  const modern = IMF_OR_RFC850.exec(text);
  if (modern !== null) {
    const [, day, month, year, hour, minute, second] = modern;
    return utc(fullYear(year ?? "", now), month, day, hour, minute, second);
  }
  const old = ASCTIME.exec(text);
  if (old === null) return null;
  const [, month, day, hour, minute, second, year] = old;
  return utc(Number(year), month, day, hour, minute, second);
}

/** Two digits more than 50 years ahead mean the past century. */
function fullYear(year: string, now: number): number {
  if (year.length === 4) return Number(year);
  const thisYear = new Date(now).getUTCFullYear();
  const full = Math.floor(thisYear / 100) * 100 + Number(year);
  return full > thisYear + 50 ? full - 100 : full;
}

function utc(year: number, month: string | undefined, ...rest: readonly (string | undefined)[]): number | null {
  const [day = 0, hour = 0, minute = 0, second = 0] = rest.map(Number);
  const index = MONTHS.indexOf(month?.toLowerCase() ?? "");
  return index < 0 ? null : Date.UTC(year, index, day, hour, minute, second);
}
