import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../simulation/virtual-clock.ts";

describe("virtual time", () => {
  it("fires timers in the order of their times, and of one time in the order in which they were set", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 100 }), async (times) => {
        const clock = new VirtualClock(0);
        const fired: [number, number][] = [];
        times.forEach((at, index) => clock.at(at, () => fired.push([clock.now(), index])));
        await clock.run(1_000);
        const expected = times.map((at, index): [number, number] => [at, index]);
        expect(fired).toEqual(expected.sort(([a, first], [b, second]) => a - b || first - second));
      }),
    );
  });

  it("moves only when all promises have been followed to their end", async () => {
    const clock = new VirtualClock(0);
    const seen: number[] = [];
    const work = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) await Promise.resolve();
      seen.push(clock.now());
      await clock.sleep(10);
      for (let i = 0; i < 100; i++) await Promise.resolve();
      seen.push(clock.now());
    };
    clock.at(11, () => seen.push(-1));
    void work();
    await clock.run(100);
    expect(seen).toEqual([0, 10, -1]);
  });

  it("says whether work ends within a time", async () => {
    const clock = new VirtualClock(0);
    const answers: boolean[] = [];
    const ask = async (ms: number): Promise<void> => void answers.push(await clock.endsWithin(10, clock.sleep(ms)));
    void ask(5);
    void ask(20);
    await clock.run(100);
    expect(answers).toEqual([true, false]);
  });
});
