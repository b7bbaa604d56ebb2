import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { createRoute, createWorld } from "../harness.ts";
import { clear } from "../record/harness.ts";

beforeEach(clear);

// Every call that collecting, flushing and settling a batch make fails once, before or after it took effect.
const STEPS = ["write", "takeDue", "collect", "take", "sendFlush", "acquire", "report", "send"] as const;

describe("a crash at any step of a batch leaves every event with an owner [G2] [G7]", () => {
  for (const step of STEPS) {
    for (const when of ["before", "after"] as const) {
      for (const nth of [1, 2]) {
        it(`${when} call ${nth} of ${step}`, async () => {
          const world = createWorld({ journal: "always" });
          const calls = world.crashAt(step, when, nth);
          const { slug, sourceId } = await createRoute([
            {
              batch: { max_events: 3, max_wait_seconds: 5 },
              rate_limit: { limit: 1_000 },
              max_concurrency: 1,
              retry: { schedule_seconds: [1, 1, 1] },
            },
          ]);
          let answered = 0;
          world.onRequest(() => ({ status: answered++ === 0 ? 500 : 200 }));
          await world.postMany(slug, 7);
          for (let round = 0; round < 8; round++) {
            // A consumer that dies leaves its messages to the queue.
            await world.drain().catch(() => undefined);
            world.advance(130_000);
            await world.sweep();
          }
          await world.drain();
          const own = (await world.deliveries()).filter((row) => row.source_id === sourceId);
          expect(calls()).toBeGreaterThanOrEqual(nth);
          expect(own.map((row) => row.status)).toEqual(Array.from({ length: 7 }, () => "delivered"));
          const left = await env.DB.prepare("SELECT COUNT(*) AS count FROM outbox").first<{ count: number }>();
          expect(left?.count).toBe(0);
        });
      }
    }
  }
});
