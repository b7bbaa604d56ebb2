// The outcome of odd answers of a destination. The destination is a bare socket that sends the bytes of the case.
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startSystem, type System } from "./harness.ts";
import { CASES } from "./odd-answers.ts";

type Delivery = Awaited<ReturnType<System["client"]["delivery"]>>;

let system: System;
const requests = new Map<string, number>();
const deliveries = new Map<string, Delivery>();

/** One for each case: a connection that stays open for another request must not serve the next case. */
const servers = CASES.map(([, wire], index) =>
  createServer((socket) => {
    socket
      .on("error", () => undefined)
      .once("data", () => {
        const slug = `case-${index}`;
        requests.set(slug, (requests.get(slug) ?? 0) + 1);
        if (typeof wire === "function") wire(socket);
        else socket.end(wire);
      });
  }),
);
const slugs = CASES.map((_, index) => `case-${index}`);

beforeAll(async () => {
  const ports: number[] = [];
  for (const server of servers) {
    await once(server.listen(0, "127.0.0.1"), "listening");
    ports.push((server.address() as AddressInfo).port);
  }
  system = await startSystem();
  const { client } = system;
  await client.call("PUT /config", {
    body: {
      version: 1,
      sources: slugs.map((slug) => ({ slug })),
      destinations: slugs.map((slug, index) => ({
        slug,
        url: `http://127.0.0.1:${ports[index]}/`,
        timeout_ms: 6_000,
        retry: { schedule_seconds: [600] },
      })),
      connections: slugs.map((slug) => ({ slug, source: slug, destination: slug })),
    },
  });
  await Promise.all(slugs.map((slug) => system.post(slug)));
  await vi.waitUntil(
    async () => {
      for (const slug of slugs.filter((each) => !deliveries.has(each))) {
        const [delivery] = await client.deliveriesOf(slug);
        if (delivery === undefined || delivery.attempts_made === 0) return false;
        deliveries.set(slug, await client.delivery(delivery.id));
      }
      return true;
    },
    { timeout: 240_000, interval: 500 },
  );
});

afterAll(async () => {
  await system.stop();
  for (const server of servers) server.close();
});

/** The next attempt in seconds after the first one; null for the schedule's own time, which is up to a tenth longer. */
function outcomeOf({ status, last_error, next_attempt_at, attempts }: Delivery): string {
  const [attempt] = attempts;
  if (status === "delivered") return attempt?.error_detail === undefined ? status : "delivered, noted";
  if (next_attempt_at === null || attempt === undefined) return `${status}: ${last_error}`;
  const seconds = (Date.parse(next_attempt_at) - Date.parse(attempt.started_at)) / 1_000;
  // The schedule's own time is up to a tenth longer.
  return seconds >= 599 && seconds < 670
    ? `retrying: ${last_error}`
    : `retrying in ${Math.floor(seconds / 10) * 10}: ${last_error}`;
}

it.each(CASES.map(([name, , outcome], index) => [name, outcome, `case-${index}`] as const))(
  "%s: %s",
  (_name, outcome, slug) => {
    const delivery = deliveries.get(slug);
    expect(delivery && outcomeOf(delivery)).toBe(outcome);
    expect({ requests: requests.get(slug), attempts: delivery?.attempts_made }).toEqual({ requests: 1, attempts: 1 });
  },
);

it("has at least 120 answers", () => expect(CASES.length).toBeGreaterThanOrEqual(120));
