// Certificates and key sets that senders publish: fetched through a port, bounded in time, size and number, and kept for a while.
// Which addresses may be asked is the caller's to check; this asks only by https.

/** Gets a text from an https URL; null when there is none at that address. Throws when it cannot be had now. */
export type FetchText = (url: string) => Promise<string | null>;

/** `absent`: nothing is published there. `unavailable`: it may be, but cannot be had now. */
export type Remote = { readonly text: string } | "absent" | "unavailable";

export interface RemoteTexts {
  /** @param maxAgeMs how old a kept copy may be */
  get(url: string, nowMs: number, maxAgeMs?: number): Promise<Remote>;
}

const TTL_MS = 3_600_000;
/** A failure is remembered as well: a flood of forged requests must not become a flood of ours. */
const MISS_TTL_MS = 10_000;
const MAX_KEPT = 100;
const MAX_FETCHES_PER_MINUTE = 30;
const TIMEOUT_MS = 5_000;
const MAX_TEXT_BYTES = 256 * 1024;

export function remoteTexts(fetchText: FetchText): RemoteTexts {
  const kept = new Map<string, { readonly remote: Remote; readonly at: number; readonly ttlMs: number }>();
  const under = new Map<string, Promise<Remote>>();
  let minute = 0;
  let fetches = 0;
  const keep = (url: string, remote: Remote, at: number, ttlMs: number): Remote => {
    kept.delete(url);
    if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value ?? "");
    kept.set(url, { remote, at, ttlMs });
    return remote;
  };
  const fetchNew = async (url: string, nowMs: number): Promise<Remote> => {
    const former = kept.get(url)?.remote ?? "unavailable";
    try {
      const text = await fetchText(url);
      return text === null ? keep(url, "absent", nowMs, MISS_TTL_MS) : keep(url, { text }, nowMs, TTL_MS);
    } catch {
      // An old copy is better than none.
      return keep(url, former, nowMs, MISS_TTL_MS);
    } finally {
      under.delete(url);
    }
  };
  return {
    async get(url, nowMs, maxAgeMs = TTL_MS) {
      if (!url.startsWith("https://")) return "absent";
      const known = kept.get(url);
      if (known !== undefined && nowMs - known.at < Math.min(known.ttlMs, maxAgeMs)) return known.remote;
      let fetching = under.get(url);
      if (fetching === undefined) {
        if (Math.floor(nowMs / 60_000) !== minute) [minute, fetches] = [Math.floor(nowMs / 60_000), 0];
        if (++fetches > MAX_FETCHES_PER_MINUTE) return known?.remote ?? "unavailable";
        fetching = fetchNew(url, nowMs);
        under.set(url, fetching);
      }
      // Another request may have begun it, and a request that is cancelled takes its fetches along.
      return Promise.race([fetching, patience(known?.remote ?? "unavailable")]).finally(() => under.delete(url));
    },
  };
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
