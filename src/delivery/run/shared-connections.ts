// Shares the connections of one invocation between destinations, so that none can take them all. A send under way is never aborted here.
export interface Permitted<T> {
  readonly item: T;
  /** Not before. Milliseconds since the epoch. */
  readonly at: number;
  /** Not after; null for any time. */
  readonly until: number | null;
}
import { PERMIT_GRACE_MS } from "../../config/limits.ts";

export interface Share<T> {
  readonly items: readonly Permitted<T>[];
  /** Asked once these have been started, again and again until it gives none. */
  readonly more: () => Promise<readonly Permitted<T>[]>;
  /** Sends of this destination at a time. */
  readonly width: number;
  /** Asked before each start; once it says no, nothing more of this destination is started. */
  readonly keepGoing: () => boolean;
  /** @param until the last moment that the permit is good for */
  readonly send: (item: T, until: number | null) => Promise<void>;
}

/** A counting semaphore, first come first served. */
function places(count: number): { take: () => Promise<void>; give: () => void } {
  let free = count;
  const waiting: (() => void)[] = [];
  return {
    take: () => {
      if (free > 0) {
        free -= 1;
        return Promise.resolve();
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    give: () => {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}

/**
 * Runs all shares side by side.
 * @param total sends at a time over all of them
 * @returns for each share the items that were never started
 */
export async function runShares<T>(
  shares: readonly Share<T>[],
  total: number,
  now: () => number,
  sleep: (ms: number) => Promise<void>,
): Promise<T[][]> {
  const connections = places(total);
  return Promise.all(
    shares.map(async (share) => {
      const items = [...share.items];
      let next = 0;
      let asking: Promise<boolean> | null = null;
      const ask = async (): Promise<boolean> => {
        const given = await share.more();
        items.push(...given);
        asking = null;
        return given.length > 0;
      };
      const left: T[] = [];
      const worker = async (): Promise<void> => {
        for (;;) {
          const permitted = items[next];
          if (permitted === undefined) {
            if (await (asking ??= ask())) continue;
            return;
          }
          next += 1;
          const wait = permitted.at - now();
          if (wait > 0) await sleep(wait);
          if (!share.keepGoing()) {
            left.push(permitted.item);
            continue;
          }
          await connections.take();
          try {
            // Time has passed in the line.
            const late = permitted.until !== null && now() > permitted.until + PERMIT_GRACE_MS;
            if (share.keepGoing() && !late) await share.send(permitted.item, permitted.until);
            else left.push(permitted.item);
          } finally {
            connections.give();
          }
        }
      };
      await Promise.all(Array.from({ length: Math.min(share.width, share.items.length) }, worker));
      return left;
    }),
  );
}
