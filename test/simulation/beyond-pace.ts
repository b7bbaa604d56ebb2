// How far sends went beyond a pace.
import type { RateLimit } from "../../src/model/policies.ts";

/**
 * The most sends in any window beyond burst + rate × its length; 0 where the pace was kept.
 * @param sentAt ascending. Milliseconds
 */
export function mostBeyondPace(sentAt: readonly number[], { limit, period_seconds, burst }: RateLimit): number {
  const intervalMs = (period_seconds * 1_000) / limit;
  const allowed = burst ?? Math.min(limit, Math.max(1, Math.ceil(limit / period_seconds)));
  const first = sentAt[0] ?? 0;
  // count(i..j) − (t_j − t_i) / interval is largest where the running minimum is: one pass instead of all pairs.
  let least = Infinity;
  let worst = 0;
  sentAt.forEach((at, index) => {
    const level = index - (at - first) / intervalMs;
    least = Math.min(least, level);
    worst = Math.max(worst, level - least + 1 - allowed);
  });
  return worst;
}
