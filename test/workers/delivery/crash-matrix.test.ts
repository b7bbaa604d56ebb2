import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createRoute, createWorld } from "../harness.ts";

// Every call that a consumer makes to the world fails once, before or after it took effect. Whatever happens: the event is
// delivered in the end, or dead, and never forgotten.
const STEPS = ["readContext", "write", "takeDue", "sendLater", "sendRecord", "acquire", "report"] as const;

describe("a crash at any step leaves every event with an owner [G2] [G7]", () => {
  for (const step of STEPS) {
    for (const when of ["before", "after"] as const) {
      for (const nth of [1, 2]) {
        it(`${when} call ${nth} of ${step}`, async () => {
          const world = createWorld({ journal: "always" });
          const { consumer } = world;
          const target: Record<string, unknown> =
            step in consumer.records
              ? (consumer.records as unknown as Record<string, unknown>)
              : step in consumer.gate
                ? (consumer.gate as unknown as Record<string, unknown>)
                : (consumer as unknown as Record<string, unknown>);
          const original = target[step] as (...args: unknown[]) => Promise<unknown>;
          let calls = 0;
          target[step] = async (...args: unknown[]) => {
            calls += 1;
            if (calls === nth && when === "before") throw new Error("crash");
            const result = await original.apply(target, args);
            if (calls === nth) throw new Error("crash");
            return result;
          };
          const { slug, sourceId } = await createRoute([
            { rate_limit: { limit: 1_000 }, max_concurrency: 2, retry: { schedule_seconds: [1, 1] } },
          ]);
          let answered = 0;
          world.onRequest(() => ({ status: answered++ === 0 ? 500 : 200 }));
          for (let i = 0; i < 3; i++) await world.accept(`/in/${slug}`, { body: "x" });
          for (let round = 0; round < 8; round++) {
            await world.drain();
            world.advance(130_000);
            await world.sweep();
          }
          await world.drain();
          const { results } = await env.DB.prepare("SELECT status FROM deliveries WHERE source_id = ?")
            .bind(sourceId)
            .all<{ status: string }>();
          expect(results.map((row) => row.status)).toEqual(["delivered", "delivered", "delivered"]);
          const left = await env.DB.prepare("SELECT COUNT(*) AS count FROM outbox").first<{ count: number }>();
          expect(left?.count).toBe(0);
        });
      }
    }
  }
});
