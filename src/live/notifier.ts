// The consumers' side of the live feed: remembers whether pages are open and notifies them. Never fails, never waits long.
import { LIVE_NOTIFY_WAIT_MS } from "../config/limits.ts";
import { within, type Clock } from "../kernel/clock.ts";

/** One feed for the whole deployment. */
export const FEED = "feed";

export interface Notifier {
  /** Takes over what a read of D1 has shown. @param until milliseconds since the epoch; 0 when no page is open */
  learn(until: number): void;
  /** Notifies open pages, if there are any. */
  changed(): Promise<void>;
}

/** @param notify reaches the feed */
export function createNotifier(notify: () => Promise<unknown>, now: Clock, report: (error: unknown) => void): Notifier {
  let watchedUntil = 0;
  return {
    learn: (until) => void (watchedUntil = until),
    async changed() {
      if (watchedUntil <= now()) return;
      await within(LIVE_NOTIFY_WAIT_MS, notify()).catch(report);
    },
  };
}
