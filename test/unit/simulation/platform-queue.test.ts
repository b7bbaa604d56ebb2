// The simulation's queue behaves as the platform's does: what it shows is worth no more than that.
import { describe, expect, it } from "vitest";
import type { Incoming } from "../../../src/delivery/index.ts";
import { PlatformQueue } from "../../simulation/platform-queue.ts";
import { VirtualClock } from "../../simulation/virtual-clock.ts";

const start = Date.UTC(2026, 10, 24);
const settings = { queue: "q", maxBatchSize: 10, maxBatchTimeout: 1, maxRetries: 2, retryDelay: 5 };

interface Batch {
  readonly atS: number;
  readonly bodies: readonly unknown[];
}

function createQueue(consume: (batch: readonly Incoming[], clock: VirtualClock) => Promise<void>, consumers = 1) {
  const clock = new VirtualClock(start);
  const batches: Batch[] = [];
  let away = false;
  const nowS = (): number => (clock.now() - start) / 1_000;
  const ports = { clock, isAway: () => away, deadLetters: null };
  const deadLetters = new PlatformQueue(
    { ...settings, queue: "dead" },
    { ...ports, consume: async (batch) => void dead.push(...batch.map(({ body }) => body)) },
  );
  const dead: unknown[] = [];
  const queue = new PlatformQueue(
    settings,
    {
      ...ports,
      deadLetters,
      consume: async (batch) => {
        batches.push({ atS: nowS(), bodies: batch.map(({ body }) => body) });
        await consume(batch, clock);
      },
    },
    consumers,
  );
  return { clock, queue, batches, dead, setAway: (is: boolean) => void (away = is), nowS };
}

const take =
  (ms: number) =>
  async (batch: readonly Incoming[], clock: VirtualClock): Promise<void> => {
    await clock.sleep(ms);
    for (const message of batch) message.ack();
  };

describe("the simulated queue", () => {
  it("hands out a full batch at once, and a smaller one when its first message has waited", async () => {
    const { clock, queue, batches } = createQueue(take(0));
    for (let i = 0; i < 12; i++) queue.send(i);
    await clock.run(start + 5_000);
    expect(batches.map(({ atS, bodies }) => [atS, bodies.length])).toEqual([
      [0, 10],
      [1, 2],
    ]);
  });

  it("keeps a delayed message until its time", async () => {
    const { clock, queue, batches } = createQueue(take(0));
    queue.send("later", 30);
    await clock.run(start + 60_000);
    expect(batches).toEqual([{ atS: 31, bodies: ["later"] }]);
  });

  it("counts decisions when the invocation ends: a crash takes back what was not acked", async () => {
    let crashes = 1;
    const { clock, queue, batches } = createQueue(async (batch) => {
      batch[0]?.ack();
      if (crashes-- > 0) throw new Error("crashed");
      for (const message of batch) message.ack();
    });
    queue.send("acked");
    queue.send("not acked");
    await clock.run(start + 60_000);
    expect(batches.map(({ bodies }) => bodies)).toEqual([["acked", "not acked"], ["not acked"]]);
  });

  it("gives a message up to its dead letters after its retries", async () => {
    const attempts: number[] = [];
    const { clock, queue, dead } = createQueue(async (batch) => {
      for (const message of batch) {
        attempts.push(message.attempts);
        message.retry({ delaySeconds: 10 });
      }
    });
    queue.send("hopeless");
    await clock.run(start + 120_000);
    expect(attempts).toEqual([1, 2, 3]);
    expect(dead).toEqual(["hopeless"]);
  });

  it("adds consumers when a batch ends and another is due, twice as many in ten seconds at the most", async () => {
    const { clock, queue, batches } = createQueue(take(3_000));
    for (let i = 0; i < 3_000; i++) queue.send(i);
    await clock.run(start + 60_000);
    const underWay = (atS: number): number => batches.filter((batch) => batch.atS <= atS && atS < batch.atS + 3).length;
    expect([1, 4, 12, 14, 24, 34].map(underWay)).toEqual([1, 2, 2, 4, 8, 16]);
  });

  it("has no more consumers than 250", async () => {
    const { clock, queue, batches } = createQueue(take(60_000), 1_000);
    for (let i = 0; i < 5_000; i++) queue.send(i);
    await clock.run(start + 30_000);
    expect(batches).toHaveLength(250);
  });

  it("takes and hands out nothing while it is away", async () => {
    const { clock, queue, batches, setAway, nowS } = createQueue(take(0));
    queue.send("before");
    setAway(true);
    expect(() => queue.send("refused")).toThrow("away");
    clock.at(start + 20_000, () => {
      setAway(false);
      queue.resume();
    });
    await clock.run(start + 30_000);
    expect(nowS()).toBe(30);
    expect(batches).toEqual([{ atS: 20, bodies: ["before"] }]);
  });
});
