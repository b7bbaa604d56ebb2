// One batch to a broker beside an HTTP destination: its messages share one channel and one of the invocation's connections.
import { describe, expect, it } from "vitest";
import { AnswerTimes } from "../../../../src/delivery/index.ts";
import { dispatch } from "../../../../src/delivery/run/dispatch.ts";
import type { DispatchPorts } from "../../../../src/delivery/ports.ts";
import type { Dispatched, Job } from "../../../../src/delivery/types.ts";
import { newDelivery } from "../../../../src/routing/index.ts";
import type { Answer, OutboundRequest } from "../../../../src/outbound/index.ts";
import { createEvent, createSite } from "../../../simulation/fixtures.ts";
import { VirtualClock } from "../../../simulation/virtual-clock.ts";
import { broker } from "../../brokers/messages.ts";

const start = Date.UTC(2026, 10, 24);
const confirmed: Answer = { status: null, headers: null, error: null, excerpt: "1-0", durationMs: 20 };

async function run(count: number, send: (request: OutboundRequest) => Promise<Answer>) {
  const clock = new VirtualClock(start);
  const asked = { answer_ms: 10, rate_per_second: 1, gate_ms: 10, status: 200, timeout_ms: 15_000 };
  const site = createSite({ name: "beside", ...asked, rate_limit: null, max_concurrency: null }, 0);
  const destination = { ...broker({ type: "redis_stream", url: "redis://r.test", stream: "s" }), paused: false };
  const jobs = Array.from({ length: count }, (_, serial): Job => {
    const event = createEvent(site, serial, start);
    const to = serial % 4 === 0 ? site.route.destination : destination;
    return {
      delivery: newDelivery(event, site.route.connection, to.id),
      event,
      sourceSlug: "in",
      connection: site.route.connection,
      destination: to,
    };
  });
  const seen = { channels: 0, closed: 0, open: 0, mostOpen: 0, sent: [] as OutboundRequest[] };
  const hangs = (): Promise<never> => new Promise(() => undefined);
  const ports = {
    now: clock.now,
    sleep: clock.sleep,
    endsWithin: clock.endsWithin,
    random: () => 0,
    log: { debug: () => undefined, info: () => undefined, error: () => undefined },
    answerTimes: new AnswerTimes(),
    urls: { allowPrivate: true, resolve: null },
    openSecrets: async () => [],
    gate: { acquire: hangs, report: hangs, inspect: hangs, reschedule: hangs },
    send: async () => ({ ...confirmed, status: 200, headers: {} }),
    openChannel: () => {
      seen.channels += 1;
      return {
        send: async (request: OutboundRequest) => {
          seen.sent.push(request);
          seen.open += 1;
          seen.mostOpen = Math.max(seen.mostOpen, seen.open);
          await clock.sleep(20);
          seen.open -= 1;
          return send(request);
        },
        open: async () => undefined,
        close: async () => void (seen.closed += 1),
      };
    },
  } as unknown as DispatchPorts;
  const parts: Dispatched[] = [];
  const work = (async () => {
    for await (const part of dispatch(jobs, "events", new Map(), ports)) parts.push(part);
  })();
  await clock.run(start + 600_000);
  await work;
  const settled = parts.flatMap((part) => part.settled);
  return { seen, jobs, of: (id: string) => settled.filter(({ delivery }) => delivery.destination_id === id) };
}

describe("a batch for a broker and an API", () => {
  it("opens one channel, sends all messages on it at the same time, and closes it", async () => {
    const { seen, of } = await run(80, async () => confirmed);
    expect(of("dst_1").map(({ delivery }) => delivery.status)).toEqual(Array.from({ length: 60 }, () => "delivered"));
    expect(of("dst_beside").map(({ delivery }) => delivery.status)).toEqual(
      Array.from({ length: 20 }, () => "delivered"),
    );
    expect(seen).toMatchObject({ channels: 1, closed: 1, open: 0 });
    // The first one alone, because the broker is not known yet; then all others.
    expect(seen.mostOpen).toBe(59);
  });

  it("settles each message by its own answer", async () => {
    let count = 0;
    const { of } = await run(8, async () => (count++ % 2 === 0 ? confirmed : { ...confirmed, error: "unroutable" }));
    const statuses = of("dst_1").map(({ delivery }) => delivery.status);
    expect(new Set(statuses)).toEqual(new Set(["delivered", "retrying"]));
    for (const { delivery } of of("dst_1"))
      expect(delivery).toMatchObject(
        delivery.status === "delivered"
          ? {
              last_error: null,
              last_response_status: null,
              attempts: [{ response_body: "1-0", response_status: null }],
            }
          : { last_error: "unroutable", attempts_made: 1 },
      );
  });

  it("sends what every message needs, without a URL or credentials in it", async () => {
    const { seen, jobs } = await run(2, async () => confirmed);
    expect(seen.sent).toHaveLength(1);
    expect(seen.sent[0]).toMatchObject({
      url: "",
      body: jobs[1]?.event.body,
      message: {
        address: "s",
        key: null,
        source: "in",
        attempt: 1,
        eventId: jobs[1]?.event.id,
        deliveryId: jobs[1]?.delivery.id,
      },
    });
  });
});
