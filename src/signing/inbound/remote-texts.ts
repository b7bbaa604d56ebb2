// Certificates and key sets that senders publish: fetched through a port, bounded in time, size and number, and kept for a while.
// Which addresses may be asked is the caller's to check; this asks only by https.

/** Gets a text from an https URL, or throws. */
export type FetchText = (url: string) => Promise<string>;

export interface RemoteTexts {
  /** Null when it cannot be had now. @param maxAgeMs how old a kept copy may be */
  get(url: string, nowMs: number, maxAgeMs?: number): Promise<string | null>;
}

const TTL_MS = 3_600_000;
/** A failure is remembered as well: a flood of forged requests must not become a flood of ours. */
const MISS_TTL_MS = 10_000;
const MAX_KEPT = 100;
const MAX_FETCHES_PER_MINUTE = 30;
const TIMEOUT_MS = 5_000;
const MAX_TEXT_BYTES = 256 * 1024;

interface Kept {
  readonly text: Promise<string | null>;
  readonly at: number;
  missing: boolean;
}

export function remoteTexts(fetchText: FetchText): RemoteTexts {
  const kept = new Map<string, Kept>();
  let minute = 0;
  let fetches = 0;
  return {
    async get(url, nowMs, maxAgeMs = TTL_MS) {
      const known = kept.get(url);
      if (known !== undefined && nowMs - known.at < (known.missing ? MISS_TTL_MS : maxAgeMs)) return known.text;
      if (!url.startsWith("https://")) return null;
      if (Math.floor(nowMs / 60_000) !== minute) [minute, fetches] = [Math.floor(nowMs / 60_000), 0];
      // An old copy is better than none.
      if (++fetches > MAX_FETCHES_PER_MINUTE) return known?.text ?? null;
      const entry: Kept = {
        at: nowMs,
        missing: false,
        text: fetchText(url).catch(() => {
          entry.missing = true;
          return known === undefined ? null : known.text;
        }),
      };
      kept.delete(url);
      if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value ?? "");
      kept.set(url, entry);
      return entry.text;
    },
  };
}

/** The port on a real `fetch`. Follows no redirect: it would lead past the caller's check of the address. */
export const fetchTextWith =
  (fetcher: typeof fetch): FetchText =>
  async (url) => {
    const response = await fetcher(url, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    const parts: string[] = [];
    let bytes = 0;
    const decoder = new TextDecoder();
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      throw new Error(`answered ${response.status}`);
    }
    for await (const chunk of response.body) {
      bytes += chunk.byteLength;
      if (bytes > MAX_TEXT_BYTES) throw new Error("is too large");
      parts.push(decoder.decode(chunk, { stream: true }));
    }
    return parts.join("") + decoder.decode();
  };
