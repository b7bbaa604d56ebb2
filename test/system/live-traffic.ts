// Live traffic at a steady rate, and how long each webhook takes from its post to its arrival. Posts go out at their times whether or
// not the former ones have been answered: a sender does not wait for Sluice.
import { pause, percentile, type System } from "./harness.ts";

const ARRIVED_WITHIN_MS = 60_000;

export interface LiveTraffic {
  /** Ends it and waits for the last to arrive. @returns milliseconds of each, by source. Throws when one does not arrive */
  readonly end: () => Promise<ReadonlyMap<string, readonly number[]>>;
}

/** @param perSecond to each of the sources */
export function startTraffic(system: System, sources: readonly string[], perSecond: number): LiveTraffic {
  const before = new Map(sources.map((source) => [source, arrivedFrom(system, source).length]));
  const beganAt = Date.now();
  const posts: Promise<unknown>[] = [];
  let ending = false;
  let rounds = 0;
  const running = (async () => {
    for (; !ending; rounds++) {
      for (const source of sources) posts.push(system.post(source));
      await pause(Math.max(0, beganAt + ((rounds + 1) * 1_000) / perSecond - Date.now()));
    }
  })();
  return {
    end: async () => {
      ending = true;
      await running;
      await Promise.all(posts);
      const late = (source: string): number => (before.get(source) ?? 0) + rounds - arrivedFrom(system, source).length;
      for (const until = Date.now() + ARRIVED_WITHIN_MS; sources.some((source) => late(source) > 0); await pause(100))
        if (Date.now() > until)
          throw new Error(`not arrived: ${sources.map((one) => `${late(one)} of ${one}`).join()}`);
      const delays = (source: string): number[] =>
        arrivedFrom(system, source)
          .slice(before.get(source))
          .map(({ at, sentAt }) => at - sentAt);
      return new Map(sources.map((source) => [source, delays(source)]));
    },
  };
}

export const arrivedFrom = ({ arrivals }: System, source: string) => arrivals.filter((one) => one.source === source);

export const describeDelays = (delays: readonly number[]): string =>
  `p50 ${percentile(delays, 0.5)} ms, p99 ${percentile(delays, 0.99)} ms (${delays.length} webhooks)`;
