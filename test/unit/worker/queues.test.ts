import { describe, expect, it } from "vitest";
import {
  eventBacklog,
  eventQueue,
  eventQueues,
  laneOfQueue,
  queueFault,
  sendEvents,
  sendOnEvents,
  type QueueBindings,
} from "../../../src/worker/queues.ts";
import type { EventId } from "../../../src/model/ids.ts";
import type { EventMessage } from "../../../src/model/message.ts";

const queue = (name: string): Queue => ({ name }) as unknown as Queue;
const [first, second, third] = [queue("1"), queue("2"), queue("3")];
const eventId = (n: number): EventId => `evt_${n.toString(32).padStart(32, "0")}` as EventId;

describe("the queues of events", () => {
  it("are those that are bound without a gap", () => {
    expect(eventQueues({ EVENTS: first })).toEqual([first]);
    const bound = { EVENTS: first, EVENTS_2: second, EVENTS_4: third };
    expect(eventQueues(bound)).toEqual([first, second]);
  });

  it("share the events evenly, each event always in the same one", () => {
    const bound = { EVENTS: first, EVENTS_2: second, EVENTS_3: third };
    const ids = Array.from({ length: 3_000 }, (_, n) => eventId(n * 7_919));
    for (const one of [first, second, third])
      expect(ids.filter((id) => eventQueue(bound, id) === one).length).toBeGreaterThan(900);
    expect(ids.map((id) => eventQueue(bound, id))).toEqual(ids.map((id) => eventQueue(bound, id)));
  });

  it("count as one where their backlog is asked for", () => {
    const backlog = (name: string, backlog_count: number | null, oldest_at: number | null) => ({
      name,
      backlog_count,
      backlog_bytes: null,
      oldest_at,
    });
    const all = [backlog("events", 3, 20), backlog("events-2", 4, 10), backlog("deliveries", 90, 1)];
    expect(eventBacklog(all)).toEqual({ backlog_count: 7, oldest_at: 10 });
    expect(eventBacklog([backlog("events", null, null)])).toEqual({ backlog_count: null, oldest_at: null });
  });
});

describe("a queue's name", () => {
  it.each([
    ["sluice-slow", "slow"],
    ["sluice-small", "small"],
    ["replays", "replays"],
    ["my-dead-letters", "dead_letters"],
    ["sluice-deliveries", "deliveries"],
    ["sluice-events-2", "deliveries"],
  ])("%s stands for the lane %s", (name, lane) => {
    expect(laneOfQueue(name)).toBe(lane);
  });
});

describe("events that move on", () => {
  const event = (bytes: number) =>
    ({
      v: 1,
      kind: "event",
      event: { headers: [], path: "", query: "", body: { kind: "inline", bytes: new Uint8Array(bytes) } },
    }) as unknown as EventMessage;

  it("go in batches that the queue takes", async () => {
    const sent: number[] = [];
    const SMALL = { sendBatch: async (batch: unknown[]) => void sent.push(batch.length) };
    const bindings = { SMALL } as unknown as QueueBindings;
    await sendOnEvents(
      bindings,
      Array.from({ length: 250 }, () => event(10)),
      "small",
    );
    expect(sent).toEqual([100, 100, 50]);
    sent.length = 0;
    await sendOnEvents(bindings, [96_000, 96_000, 96_000, 10].map(event), "small");
    expect(sent).toEqual([2, 2]);
  });
});

describe("an error of the queue", () => {
  it.each([
    ["Queue sendBatch failed: Too Many Requests (10250)", "overloaded"],
    ["Storage Limit Exceeded (10251)", "full"],
    ["Payload Too Large (10204)", "too_large"],
    ["Batch Too Large (10205)", "too_large"],
    ["Unknown Internal Error (15000)", "unavailable"],
    ["Network connection lost", "unavailable"],
  ])("%s is the fault %s", (message, fault) => {
    expect(queueFault(new Error(message))).toBe(fault);
  });
});

describe("events sent in batches", () => {
  const message = (n: number, bytes = 10): EventMessage =>
    ({
      v: 1,
      kind: "event",
      event: { id: eventId(n), body: { kind: "inline", bytes: new Uint8Array(bytes) } },
      source_slug: null,
      journal: "d1",
    }) as unknown as EventMessage;

  /** @param refuse the error that a batch meets; null for none */
  function recording(refuse: (batch: readonly EventMessage[]) => string | null = () => null) {
    const batches: EventMessage[][] = [];
    const sendBatch = async (given: Iterable<{ readonly body: EventMessage }>): Promise<void> => {
      const batch = [...given].map(({ body }) => body);
      batches.push(batch);
      const error = refuse(batch);
      if (error !== null) throw new Error(error);
    };
    return { batches, queue: { sendBatch } as unknown as Queue };
  }

  it("take as few batches as messages and bytes allow", async () => {
    const { batches, queue: events } = recording();
    const messages = [...Array(150).keys()]
      .map((n) => message(n))
      .concat([1, 2, 3].map((n) => message(1_000 + n, 90_000)));
    expect(await sendEvents({ EVENTS: events }, messages)).toEqual([]);
    expect(batches.map(({ length }) => length)).toEqual([100, 52, 1]);
  });

  it("go to the queue that each event belongs to", async () => {
    const [one, two] = [recording(), recording()];
    const bound = { EVENTS: one.queue, EVENTS_2: two.queue };
    await sendEvents(
      bound,
      [...Array(40).keys()].map((n) => message(n * 7_919)),
    );
    for (const [{ batches }, own] of [[one, one.queue] as const, [two, two.queue] as const]) {
      expect(batches).toHaveLength(1);
      expect(batches.flat().every(({ event }) => eventQueue(bound, event.id) === own)).toBe(true);
    }
  });

  it("leave out the one that is too large, and no other", async () => {
    const messages = [...Array(9).keys()].map((n) => message(n));
    const { queue: events } = recording((batch) =>
      batch.includes(messages[4] as EventMessage) ? "too large (10205)" : null,
    );
    expect(await sendEvents({ EVENTS: events }, messages)).toEqual([{ message: messages[4], fault: "too_large" }]);
  });

  it("come back when the queue is away, after one try", async () => {
    const { batches, queue: events } = recording(() => "Too Many Requests (10250)");
    const messages = [...Array(300).keys()].map((n) => message(n));
    const unsent = await sendEvents({ EVENTS: events }, messages);
    expect(unsent).toEqual(messages.map((one) => ({ message: one, fault: "overloaded" })));
    expect(batches).toHaveLength(1);
  });
});
