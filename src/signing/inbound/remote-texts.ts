// Certificates and key sets that senders publish: fetched through a port, bounded in time, size and number, and kept for a while.
// Which addresses may be asked is the caller's to check; this asks only by https.
import { BoundedMap } from "../../kernel/bounded-map.ts";

/** Gets a text from an https URL; null when there is none at that address. Throws when it cannot be had now. */
export type FetchText = (url: string) => Promise<string | null>;

/** `absent`: nothing is published there. `unavailable`: it may be, but cannot be had now. */
type Remote = { readonly text: string } | "absent" | "unavailable";

export interface RemoteTexts {
  /** @param maxAgeMs how old a kept copy may be */
  get(url: string, nowMs: number, maxAgeMs?: number): Promise<Remote>;
  /** Something genuine was verified with the text at this address: no other text takes its place, and fetching it again costs no budget. */
  prove(url: string): void;
  /** The same texts for another source, which has a budget of fetches of its own. */
  of(source: string): RemoteTexts;
}

const TTL_MS = 3_600_000;
/** A failure is remembered as well: a flood of forged requests must not become a flood of ours. */
const MISS_TTL_MS = 10_000;
const MAX_PROVEN_TEXTS = 100;
const MAX_TEXTS = 50;
const MAX_MISSES = 100;
/** New addresses that one source may have asked for. Forged requests use up the budget of their own source only. */
const MAX_FETCHES_PER_MINUTE = 30;
const TIMEOUT_MS = 5_000;
const MAX_TEXT_BYTES = 256 * 1024;

interface Kept {
  readonly text: string;
  readonly at: number;
}

export function remoteTexts(fetchText: FetchText): RemoteTexts {
  // Three maps, so that what is asked for on a stranger's word pushes out nothing that has proven itself.
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
      // Another request may have begun it, and a request that is cancelled takes its fetches along.
      return Promise.race([fetching, patience(keptText(url) ?? "unavailable")]).finally(() => under.delete(url));
    },
  });
  return of("");
}

/** The answer when nothing has come in time. */
const patience = <T>(otherwise: T): Promise<T> =>
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
      // A redirect is as good as nothing: it would lead past the caller's check of the address.
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
