// Looks names up over HTTPS, in the JSON form that Cloudflare and Google share:
// https://developers.cloudflare.com/1.1.1.1/encryption/dns-over-https/make-api-requests/dns-json/
// Caches answers in the isolate's memory. Expired ones are still used while no resolver can be reached.
import {
  DNS_MAX_STALE_MS,
  DNS_MAX_TTL_MS,
  DNS_MIN_TTL_MS,
  DNS_TIMEOUT_MS,
  MAX_CACHED_NAMES,
} from "../config/limits.ts";
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { Clock } from "../kernel/clock.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import { err, ok, type Result } from "../kernel/result.ts";

/** `failed`: a resolver answered that the look-up fails, as when the name's own servers do not answer. `unavailable`: none answered. */
export type ResolveFault = "not_found" | "failed" | "unavailable";

/** All IPv4 and IPv6 addresses of a name, at least one. Never throws. */
export type Resolve = (name: string) => Promise<Result<readonly string[], ResolveFault>>;

/** RFC 1035, section 3.2.2 and RFC 3596. */
const RECORD_TYPES = { A: 1, AAAA: 28 } as const;
/** RFC 1035, section 4.1.1: RCODE. */
const NO_ERROR = 0;
const NAME_ERROR = 3;

interface Found {
  readonly addresses: readonly string[];
  readonly ttlMs: number;
}

interface Kept extends Found {
  readonly at: number;
}

/** @param endpoints tried in order until one answers */
export function dohResolver(endpoints: readonly string[], fetcher: typeof fetch, now: Clock): Resolve {
  const kept = new BoundedMap<string, Kept>(MAX_CACHED_NAMES);

  const ask = async (name: string): Promise<Result<Found, "failed" | "unavailable">> => {
    let fault: "failed" | "unavailable" = "unavailable";
    for (const endpoint of endpoints) {
      try {
        const [four, six] = await Promise.all([
          query(endpoint, name, "A", fetcher),
          query(endpoint, name, "AAAA", fetcher),
        ]);
        if (four === "failed" || six === "failed") {
          fault = "failed";
          continue;
        }
        const addresses = [...four.addresses, ...six.addresses];
        // A name that does not exist may be created soon.
        return ok({ addresses, ttlMs: addresses.length === 0 ? DNS_MIN_TTL_MS : Math.min(four.ttlMs, six.ttlMs) });
      } catch {
        // The next one may answer.
      }
    }
    return err(fault);
  };

  return async (name) => {
    const key = name.toLowerCase();
    const known = kept.get(key);
    const age = known === undefined ? Infinity : now() - known.at;
    if (known !== undefined && age < known.ttlMs) return asResult(known);
    const found = await ask(key);
    if (!found.ok) return known !== undefined && age < DNS_MAX_STALE_MS ? asResult(known) : found;
    kept.set(key, { ...found.value, at: now() });
    return asResult(found.value);
  };
}

const asResult = ({ addresses }: Found): Result<readonly string[], "not_found"> =>
  addresses.length > 0 ? ok(addresses) : err("not_found");

/** Throws when there is no answer of a resolver. */
async function query(
  endpoint: string,
  name: string,
  type: "A" | "AAAA",
  fetcher: typeof fetch,
): Promise<Found | "failed"> {
  const url = new URL(endpoint);
  url.searchParams.set("name", name);
  url.searchParams.set("type", type);
  const response = await fetcher(url.href, {
    headers: { accept: "application/dns-json" },
    redirect: "manual",
    signal: AbortSignal.timeout(DNS_TIMEOUT_MS),
  });
  const answer = await response.json<{ Status?: unknown; Answer?: unknown }>();
  if (!response.ok || typeof answer.Status !== "number") throw new Error("no answer");
  if (answer.Status !== NO_ERROR && answer.Status !== NAME_ERROR) return "failed";
  const records = Array.isArray(answer.Answer) ? (answer.Answer as Record<string, unknown>[]) : [];
  const ttls = records.map((record) => Number(record["TTL"])).filter((seconds) => Number.isFinite(seconds));
  return {
    // CNAME records in the answer are not addresses.
    addresses: records
      .filter((record) => record["type"] === RECORD_TYPES[type])
      .map((record) => String(record["data"])),
    ttlMs: Math.min(DNS_MAX_TTL_MS, Math.max(DNS_MIN_TTL_MS, Math.min(...ttls, Infinity) * SECOND_MS)),
  };
}
