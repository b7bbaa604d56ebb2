// Expressions over every built-in and operator, at random and on hostile bodies, tried on the real workerd: its memory and its processor
// time are watched from outside [G10].
import fc from "../../property.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { expressions } from "../../generated-expressions.ts";
import { startSystem, type System } from "../harness.ts";
import { Workerd } from "./workerd.ts";

const MAX_GROWTH_BYTES = 32 * 1024 * 1024;
/** The budget is that of 100 ms on a machine of its own. */
const MAX_CPU_MS = 1_000;
const RUNS = 250;

const count = (items: number): number[] => Array.from({ length: items }, (_, index) => index);
/** Each is about as large as a body that is read may be. */
const BODIES: Record<string, unknown> = {
  numbers: { items: count(50_000), a: 1 },
  objects: { items: count(12_000).map((id) => ({ id, name: `n${id % 7}`, a: {} })), a: [{ b: 1 }] },
  empties: { items: count(150_000).map(() => ({})), a: {} },
  text: { items: "ab ".repeat(150_000), a: "x" },
  wide: { items: Object.fromEntries(count(30_000).map((key) => [`k${key}`, key])), a: { "300": 1 } },
  astral: { items: "☃😀".repeat(70_000), a: "☃" },
  nested: { items: count(400).map(() => count(200)), a: [[[]]] },
};

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

it("no expression takes 32 MB or a second, whatever it is made of and whatever the body", async ({ task }) => {
  const tries = expressions({
    paths: ["items", "$$.items", "a", "$", "$$", "items.*", "items.a", "**"],
    numbers: ["0", "-1", "3", "100000", "1e9", "1/0", "0.5"],
    texts: ["'x'", "''", "'☃'", "$string($$)", "items", "$pad('y', 100000)"],
    patterns: ["/a/", "/(a|b)+c/", "/[ab]*a[ab]{300}[^ab]/", "/x*/", "/(?:.*)z/", "/.../"],
    wild: true,
  });
  const workerd = new Workerd(system.group() ?? 0);
  const test = (body: string, expression: string): Promise<unknown> =>
    system.client.call("POST /transforms/test", { body: { transform: { body: expression }, sample: { body } } });
  const bodies = Object.values(BODIES).map((body) => JSON.stringify(body));
  // What reading and answering takes by itself, and what the heap keeps of it.
  for (let round = 0; round < 3; round++) for (const body of bodies) await test(body, "$count(items)");
  const calm = await measured(workerd, () => test(bodies[0] ?? "", "1"));
  await fc.assert(
    fc.asyncProperty(tries, fc.constantFrom(...bodies), async (expression, body) => {
      // Fails with a reason, or is refused, as often as not.
      const { growth, cpuMs } = await measured(workerd, () => test(body, expression).catch(() => null));
      expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
      expect(cpuMs - calm.cpuMs).toBeLessThan(MAX_CPU_MS);
    }),
    { numRuns: RUNS },
  );
  task.meta.tried = RUNS;
});

async function measured(workerd: Workerd, work: () => Promise<unknown>): Promise<{ growth: number; cpuMs: number }> {
  workerd.forgetPeak();
  const [memory, cpu] = [workerd.memoryBytes(), workerd.cpuMs()];
  await work();
  return { growth: workerd.peakBytes() - memory, cpuMs: workerd.cpuMs() - cpu };
}
