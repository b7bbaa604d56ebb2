// What webhooks cost over their whole lives, in the operations that Cloudflare bills. They are counted exactly, so that no change makes them dearer
// unnoticed. `npm run bench:cost` prices them.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { meteredEnv, takeMeter, type Meter } from "../../../bench/meter.ts";
import type { Writes } from "../../../src/delivery/index.ts";
import { sweep } from "../../../src/maintenance/index.ts";
import { consumerPorts } from "../../../src/worker/ports/consumer.ts";
import { sweepPorts } from "../../../src/worker/ports/sweep.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { now } from "../clock.ts";
import { createRoute, createWorld, type World } from "../harness.ts";
import { clear } from "./harness.ts";

/** Rows in which the jobs of the sweep note how far they have come, whatever the traffic. */
const MARKS = 4;
const RETENTION_MS = 15 * 86_400_000;

beforeEach(clear);

const none = (): Promise<number> => Promise.resolve(0);

/** A Sluice whose record is metered. */
function createMetered(): { readonly world: World; readonly gone: () => Promise<number> } {
  const runtime = createRuntime(meteredEnv(env), now);
  const { readContext, takeDue } = consumerPorts(runtime).records;
  const write = (writes: Writes): Promise<void> => runtime.record.writer.write(writes);
  const world = createWorld({ records: { readContext, takeDue, write } });
  const passed = async (): Promise<number> => {
    world.advance(RETENTION_MS);
    takeMeter();
    // Counters cost the same by the minute and the hour, however many webhooks they count.
    const ports = { ...sweepPorts(runtime), rollUpCounters: none, pruneCounters: none };
    for (let again = 0; again < 2; again++) await sweep(ports);
    return takeMeter().d1_rows_written;
  };
  return {
    world,
    /** Rows that the sweep writes to remove everything, without those that it writes when there is nothing. */
    gone: async () => {
      const rows = await passed();
      return rows - (await passed());
    },
  };
}

function record({ d1_rows_written, d1_calls, r2_writes, r2_reads }: Meter): object {
  return { d1_rows_written, d1_calls, r2_writes, r2_reads };
}

const random = (length: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => String.fromCharCode(32 + (byte % 90))).join("");

async function arrive(world: World, count: number): Promise<Meter> {
  const { slug } = await createRoute([{ retry: { schedule_seconds: [60] }, circuit: null }]);
  for (let i = 0; i < count; i++) await world.post(slug, { body: random(400) });
  takeMeter();
  await world.turn();
  return takeMeter();
}

describe("delivered on the first attempt", () => {
  it("a batch of 100 costs a segment, two counters and a PUT", async () => {
    const { world } = createMetered();
    const counted = await arrive(world, 100);
    expect(record(counted)).toEqual({ d1_rows_written: 3, d1_calls: 2, r2_writes: 1, r2_reads: 0 });
  });

  it("a batch of one costs a segment and two counters, and keeps its payload in D1", async () => {
    const { world } = createMetered();
    expect(record(await arrive(world, 1))).toEqual({ d1_rows_written: 3, d1_calls: 2, r2_writes: 0, r2_reads: 0 });
  });

  it("a batch of 100 costs one row when it is removed", async () => {
    const { world, gone } = createMetered();
    await arrive(world, 100);
    expect(await gone()).toBeLessThanOrEqual(1 + MARKS);
  });
});

it("delivered on the second attempt, 100 webhooks cost five rows each and two when they are removed", async () => {
  const { world, gone } = createMetered();
  world.onRequest(() => ({ status: 500 }));
  // Two counters, the destination's state, and an issue.
  expect(record(await arrive(world, 100))).toEqual({ d1_rows_written: 304, d1_calls: 2, r2_writes: 1, r2_reads: 0 });
  world.onRequest(() => ({ status: 200 }));
  await world.drain();
  expect(record(takeMeter())).toEqual({ d1_rows_written: 202, d1_calls: 2, r2_writes: 0, r2_reads: 1 });
  expect(await gone()).toBeLessThanOrEqual(200 + MARKS);
});
