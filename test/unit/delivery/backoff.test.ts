import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { backoffSeconds } from "../../../src/delivery/consume/backoff.ts";

const HOUR_SECONDS = 3_600;
const toml = readFileSync(join(import.meta.dirname, "../../../wrangler.toml"), "utf8");
const consumers = toml.split("[[queues.consumers]]").slice(1);

describe("a message that cannot be processed", () => {
  it("comes again after 10 s, then after twice as long each time, ten minutes at most", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 100].map(backoffSeconds)).toEqual([10, 20, 40, 80, 160, 320, 600, 600, 600]);
  });

  it("outlasts an outage of twelve hours in every queue [G2]", () => {
    expect(consumers).toHaveLength(6);
    for (const consumer of consumers) {
      const retries = Number(/^max_retries = (\d+)$/m.exec(consumer)?.[1]);
      const waits = Array.from({ length: retries }, (_, index) => backoffSeconds(index + 1));
      expect(retries).toBeLessThanOrEqual(100);
      expect(waits.reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThan(12 * HOUR_SECONDS);
    }
  });

  it("meets queues whose settings are all explicit", () => {
    for (const consumer of consumers)
      for (const setting of ["max_batch_size", "max_batch_timeout", "max_retries", "retry_delay"])
        expect(consumer).toMatch(new RegExp(`^${setting} = \\d+$`, "m"));
  });
});
