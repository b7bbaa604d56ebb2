// Fetches the certificates and key sets that senders publish, through a port, with limits on time, size and number, and caches them.
// The caller checks which addresses may be fetched; this file only insists on https.
import { BoundedMap } from "../../kernel/bounded-map.ts";

/** Gets a text from an https URL. Null when there is none. Throws when it cannot be fetched now. */
export type FetchText = (url: string) => Promise<string | null>;

/** `absent`: nothing is published there. `unavailable`: something may be, but it cannot be fetched now. */
type Remote = { readonly text: string } | "absent" | "unavailable";

export interface RemoteTexts {
  /** @param maxAgeMs the greatest age of a cached copy */
  get(url: string, nowMs: number, maxAgeMs?: number): Promise<Remote>;
  /** The text at this address has verified a genuine request: unproven texts no longer push it out, and fetching it again costs no budget. */
  prove(url: string): void;
  /** The same texts for a source, with a fetch budget of its own. */
  of(source: string): RemoteTexts;
}

const TTL_MS = 3_600_000;
/** Failures are cached too, so that a flood of forged requests does not become a flood of fetches. */
const MISS_TTL_MS = 10_000;
const MAX_PROVEN_TEXTS = 100;
const MAX_TEXTS = 50;
const MAX_MISSES = 100;
/** New addresses per source. Forged requests use up the budget of their own source only. */
const MAX_FETCHES_PER_MINUTE = 30;
const TIMEOUT_MS = 5_000;
const MAX_TEXT_BYTES = 256 * 1024;

interface Kept {
  readonly text: string;
  readonly at: number;
}

export function remoteTexts(fetchText: FetchText): RemoteTexts {
  // Three maps, so that addresses in forged requests do not push out texts that have verified genuine ones.
  const proven = new BoundedMap<string, Kept>(MAX_PROVEN_TEXTS);
  const texts = new BoundedMap<string, Kept>(MAX_TEXTS);
  const misses = new BoundedMap<string, { readonly miss: "absent" | "unavailable"; readonly at: number }>(MAX_MISSES);
  const under = new Map<string, Promise<Remote>>();
  const fetches = new Map<string, number>();
  let minute = 0;

  const keepText = (url: string, text: string, at: number): Remote => {
    misses.delete(url);
    (proven.has(url) ? proven : texts).set(url, { text, at });
    return { text };
  };
  const keepMiss = (url: string, miss: "absent" | "unavailable", at: number): Remote => {
    if (miss === "absent") for (const map of [proven, texts]) map.delete(url);
    misses.set(url, { miss, at });
    // An old copy is better than none.
    return keptText(url) ?? miss;
  };
  const keptAt = (url: string): Kept | undefined => proven.get(url) ?? texts.get(url);
  const keptText = (url: string): Remote | null => {
    const kept = keptAt(url);
    return kept === undefined ? null : { text: kept.text };
  };
  const fetchNew = async (url: string, nowMs: number): Promise<Remote> => {
    try {
      const text = await fetchText(url);
      return text === null ? keepMiss(url, "absent", nowMs) : keepText(url, text, nowMs);
    } catch {
      return keepMiss(url, "unavailable", nowMs);
    } finally {
      under.delete(url);
    }
  };
  const mayFetch = (source: string, nowMs: number): boolean => {
    if (Math.floor(nowMs / 60_000) !== minute) {
      minute = Math.floor(nowMs / 60_000);
      fetches.clear();
    }
    const used = fetches.get(source) ?? 0;
    fetches.set(source, used + 1);
    return used < MAX_FETCHES_PER_MINUTE;
  };

  const of = (source: string): RemoteTexts => ({
    of,
    prove: (url) => {
      const kept = texts.get(url);
      if (kept === undefined) return;
      texts.delete(url);
      proven.set(url, kept);
    },
    async get(url, nowMs, maxAgeMs = TTL_MS) {
      if (!url.startsWith("https://")) return "absent";
      const known = keptAt(url);
      if (known !== undefined && nowMs - known.at < Math.min(TTL_MS, maxAgeMs)) return { text: known.text };
      const missed = misses.get(url);
      if (missed !== undefined && nowMs - missed.at < MISS_TTL_MS) return keptText(url) ?? missed.miss;
      let fetching = under.get(url);
      if (fetching === undefined) {
        if (!proven.has(url) && !mayFetch(source, nowMs)) return keptText(url) ?? "unavailable";
        fetching = fetchNew(url, nowMs);
        under.set(url, fetching);
      }
      // Another request may have started this fetch, and a cancelled request cancels its fetches.
      return Promise.race([fetching, afterTimeout(keptText(url) ?? "unavailable")]).finally(() => under.delete(url));
    },
  });
  return of("");
}

/** Resolves to `otherwise` after the time limit. */
const afterTimeout = <T>(otherwise: T): Promise<T> =>
  new Promise((resolve) => {
    AbortSignal.timeout(TIMEOUT_MS + 1_000).addEventListener("abort", () => resolve(otherwise));
  });

/** The port on a real `fetch`. Follows no redirect. */
export const fetchTextWith =
  (fetcher: typeof fetch): FetchText =>
  async (url) => {
    const response = await fetcher(url, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    const parts: string[] = [];
    let bytes = 0;
    const decoder = new TextDecoder();
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      // A redirect counts as absent: following it would bypass the caller's check of the address.
      if (response.status < 500 && response.status !== 429) return null;
      throw new Error(`answered ${response.status}`);
    }
    for await (const chunk of response.body) {
      bytes += chunk.byteLength;
      if (bytes > MAX_TEXT_BYTES) throw new Error("is too large");
      parts.push(decoder.decode(chunk, { stream: true }));
    }
    return parts.join("") + decoder.decode();
  };
