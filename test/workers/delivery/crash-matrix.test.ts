import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { createRoute, createWorld, type World } from "../harness.ts";
import { clear } from "../record/harness.ts";

// Every call that a consumer makes to the world fails once, before or after it took effect. Whatever happens: the event is
// delivered in the end, or dead, and never forgotten.
const STEPS = [
  "readContext",
  "write",
  "takeDue",
  "sendLater",
  "putPending",
  "readPending",
  "removePending",
  "noteStart",
  "acquire",
  "report",
] as const;

/** D1 takes no record at first, so that it is kept in R2. */
function failFirstWrites(world: World, count: number): void {
  let left = count;
  world.replace("write", (write) => (writes) => (left-- > 0 ? Promise.reject(new Error("D1 down")) : write(writes)));
}

/** What has come back twice is processed alone. */
function comeBack({ queued }: World): void {
  queued.push(...queued.splice(0).map((item) => (item.lane === "events" ? { ...item, attempts: 3 } : item)));
}

beforeEach(clear);

describe("a crash at any step leaves every event with an owner [G2] [G7]", () => {
  for (const step of STEPS) {
    for (const when of ["before", "after"] as const) {
      for (const nth of [1, 2]) {
        it(`${when} call ${nth} of ${step}`, async () => {
          const world = createWorld({ journal: "always" });
          const calls = world.crashAt(step, when, nth);
          if (step.endsWith("Pending")) failFirstWrites(world, 4);
          const { slug, sourceId } = await createRoute([
            { rate_limit: { limit: 1_000 }, max_concurrency: 2, retry: { schedule_seconds: [1, 1, 1] } },
          ]);
          let answered = 0;
          world.onRequest(() => ({ status: answered++ < 3 ? 500 : 200 }));
          // A batch each, so that every step is taken more than once.
          for (let i = 0; i < 3; i++) {
            await world.accept(`/in/${slug}`, { body: "x" });
            if (step === "noteStart") comeBack(world);
            await world.turn();
          }
          for (let round = 0; round < 8; round++) {
            await world.drain();
            world.advance(130_000);
            await world.sweep();
          }
          await world.drain();
          const own = (await world.deliveries()).filter((row) => row.source_id === sourceId);
          expect(own.map((row) => row.status)).toEqual(["delivered", "delivered", "delivered"]);
          const left = await env.DB.prepare("SELECT COUNT(*) AS count FROM outbox").first<{ count: number }>();
          expect(left?.count).toBe(0);
          expect(calls()).toBeGreaterThanOrEqual(nth);
        });
      }
    }
  }
});
