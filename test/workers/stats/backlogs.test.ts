import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { readBacklogs } from "../../../src/worker/queues.ts";

describe("the backlogs", () => {
  it("are read from every queue", async () => {
    const backlogs = await readBacklogs(env);
    const names = backlogs.map(({ name }) => name);
    expect(names).toEqual(["events", "small", "deliveries", "slow", "replays", "unprocessable"]);
    for (const { backlog_count, backlog_bytes } of backlogs) {
      expect(backlog_count).toBeGreaterThanOrEqual(0);
      expect(backlog_bytes).toBeGreaterThanOrEqual(0);
    }
  });

  it("show when the oldest message was sent, and null for a queue that does not answer", async () => {
    const at = new Date(Date.UTC(2026, 10, 24));
    const queue = (metrics: () => Promise<unknown>) => ({ ...env.EVENTS, metrics }) as unknown as Queue;
    const [events, , ...others] = await readBacklogs({
      ...env,
      EVENTS: queue(async () => ({ backlogCount: 2, backlogBytes: 10, oldestMessageTimestamp: at })),
      DELIVERIES: queue(async () => ({ backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: new Date(0) })),
      SLOW: queue(async () => {
        throw new Error("no metrics");
      }),
    });
    expect([events, ...others.slice(0, 2)]).toEqual([
      { name: "events", backlog_count: 2, backlog_bytes: 10, oldest_at: at.getTime() },
      { name: "deliveries", backlog_count: 0, backlog_bytes: 0, oldest_at: null },
      { name: "slow", backlog_count: null, backlog_bytes: null, oldest_at: null },
    ]);
  });
});
