// Several consumers with one real Durable Object, in real time.
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { gateClient, type GateLimits } from "../../../src/gate/index.ts";

const gate = gateClient(env.DESTINATION_GATE);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const SENDS = 120;

it("keeps six consumers at once within burst + rate × time and the concurrency, in every window [G4]", async () => {
  const limits: GateLimits = {
    rate_limit: { limit: 60, period_seconds: 1, burst: 12 },
    max_concurrency: 8,
    circuit: null,
    adaptive: true,
  };
  const sends: { readonly from: number; readonly to: number }[] = [];
  /** Times given to deferred deliveries; any free consumer brings them back then. */
  const waiting: number[] = [];
  const consumer = async (index: number): Promise<void> => {
    for (let round = 0; sends.length < SENDS; round++) {
      const batch = 1 + ((index * 7 + round * 5) % 13);
      const due = waiting.filter((at) => at <= Date.now()).slice(0, 12);
      for (const at of due) waiting.splice(waiting.indexOf(at), 1);
      const { grants, lease } = await gate.acquire("dst_many", {
        limits,
        entitled: due.length,
        fresh: waiting.length > 300 ? 0 : batch,
        horizon_ms: 200,
        lease_ms: 5_000,
      });
      for (const grant of grants) if (grant.kind === "defer") waiting.push(grant.until);
      const going = grants.flatMap((grant) => (grant.kind === "go" ? [grant] : []));
      const line = [...going];
      const worker = async (): Promise<void> => {
        for (let permit = line.shift(); permit !== undefined; permit = line.shift()) {
          await pause(Math.max(0, permit.at - Date.now()));
          const from = Date.now();
          // Too late: not used.
          if (permit.until !== null && from > permit.until) continue;
          await pause(5 + ((index + round) % 40));
          sends.push({ from, to: Date.now() });
        }
      };
      await Promise.all(Array.from({ length: lease?.width ?? 0 }, worker));
      if (lease !== null) {
        await gate.report("dst_many", {
          limits,
          lease_id: lease.id,
          successes: going.length,
          failures: 0,
          neutral: 0,
          trailing_failures: 0,
          unused: 0,
          throttled: 0,
          throttled_at: null,
          span_ms: 100,
          pause_until: null,
          mean_ms: 25,
        });
      } else await pause(20);
    }
  };
  await Promise.all(Array.from({ length: 6 }, (_, index) => consumer(index)));

  const times = sends.map(({ from }) => from).sort((a, b) => a - b);
  let worst = -Infinity;
  times.forEach((from, first) => {
    for (let last = first; last < times.length; last++)
      worst = Math.max(worst, last - first + 1 - 12 - (((times[last] ?? 0) - from) * 60) / 1_000);
  });
  expect(worst).toBeLessThanOrEqual(0);
  const most = Math.max(
    ...sends.map(({ from }) => sends.filter((other) => other.from <= from && other.to > from).length),
  );
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);
});
