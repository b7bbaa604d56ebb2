// The ports of one invocation, each with what it costs and how it fails. What no scenario uses says so when it is called.
import { sendLater, sendOnEvents, type QueueBindings } from "../../src/worker/queues.ts";
import type { ConsumerPorts } from "../../src/delivery/index.ts";
import { ok } from "../../src/kernel/result.ts";
import { SECOND_MS } from "../../src/kernel/durations.ts";
import type { DeliveryId, EventId } from "../../src/model/ids.ts";
import { releaseMark } from "../../src/model/parked.ts";
import type { Answer, OutboundRequest } from "../../src/outbound/index.ts";
import type { Invocation } from "./invocation.ts";
import type { World } from "./world.ts";

const SILENT = { debug: () => undefined, info: () => undefined, error: () => undefined };
const unused = (): never => {
  throw new Error("no scenario uses this");
};

export function consumerPorts(world: World, invocation: Invocation): ConsumerPorts {
  const { clock, network, record } = world;
  const { call } = invocation;
  const { now } = clock;
  const bindings = bindingsOf(world, invocation);
  const enqueue = (queue: string, body: unknown, delayMs = 0): Promise<void> =>
    call("queue", () => world.queue(queue).send(body, Math.ceil(delayMs / SECOND_MS)));
  return {
    now,
    random: network.random,
    sleep: clock.sleep,
    endsWithin: clock.endsWithin,
    answerTimes: world.answerTimes(),
    log: SILENT,
    gate: world.gates.calledFrom(invocation),
    send: (request) => send(request, world, invocation),
    openChannel: () => {
      throw new Error("no destination of the simulation is a broker");
    },
    urls: { allowPrivate: true, allowHttp: false, ownHosts: [], resolve: null },
    records: {
      databases: 1,
      databaseOf: () => 0,
      readContext: (events, sources) => call("d1", () => record.readContext(events, sources)),
      write: (writes) => call("d1", () => record.write(writes, now())),
      takeDue: (ids, holdMs, alone) => call("d1", () => record.takeDue(ids, now(), holdMs, alone)),
      whole: unused,
      noteStart: (id) => call("d1", () => record.noteStart(id)),
      waitingPage: (id, from, limit) =>
        call("d1", () => record.waitingPage(world.site(id).route.destination, from, now(), limit)),
      parkedPage: (id, limit) => call("d1", () => record.parkedPage(world.site(id).route.destination, limit)),
      noteRelease: (id) => call("d1", () => void world.marks.set(releaseMark(id), now())),
      moveWaiting: (times) => call("d1", () => record.moveWaiting(times, now())),
      cancelPiece: unused,
    },
    routes: (sources, versions) => world.routes.forBatch(sources, versions),
    sendLater: (messages) => sendLater(bindings, messages),
    sendReschedule: (message, delayMs) => enqueue("deliveries", message, delayMs),
    sendOnEvents: (messages, lane) => sendOnEvents(bindings, messages, lane),
    putPending: (outcomes) => call("r2", () => world.pending.put(outcomes, now())),
    readPending: (key) =>
      call("r2", () => {
        const outcomes = world.pending.read(key);
        return outcomes === null ? null : ok(outcomes);
      }),
    removePending: (keys) => call("r2", () => world.pending.remove(keys)),
    setPendingAside: unused,
    forgetJournal: (ids) => call("r2", () => world.forgetInR2(ids)),
    firstEvents: async () => new Map(),
    completeId: async (digits) => `evt_${digits}${"0".repeat(9)}` as EventId,
    openSecrets: async () => [],
    callbackSecrets: async () => [],
    readBody: unused,
    presentRoutes: unused,
    readStored: unused,
    certificate: unused,
    accessToken: unused,
    collector: { collect: unused, take: unused },
    replays: {
      readRun: unused,
      candidates: unused,
      stillWaits: unused,
      takePiece: unused,
      ignored: unused,
      takeIgnored: unused,
      putOff: unused,
    },
    sendOn: unused,
    sendFlush: unused,
  };
}

/** The queues of this run as the Worker's bindings. */
export function bindingsOf(world: World, { call }: Pick<Invocation, "call">): QueueBindings {
  const binding = (name: string) => ({
    sendBatch: (messages: readonly MessageSendRequest[]) =>
      call("queue", () => {
        for (const { body, delaySeconds } of messages) world.queue(name).send(body, delaySeconds);
      }),
  });
  const names = { EVENTS: "events", SMALL: "small", DELIVERIES: "deliveries", SLOW: "slow", REPLAYS: "replays" };
  const bindings = Object.entries(names).map(([name, queue]) => [name, binding(queue)] as const);
  return Object.fromEntries(bindings) as unknown as QueueBindings;
}

/** One request: it waits for a connection, and for its answer no longer than its timeout in all. */
async function send(request: OutboundRequest, world: World, invocation: Invocation): Promise<Answer> {
  const { now, sleep } = world.clock;
  const { given, route } = world.siteOf(new URL(request.url).hostname);
  const id = request.headers.find(([name]) => name === "sluice-delivery-id")?.[1] as DeliveryId;
  const calledAt = now();
  const timedOut = { status: null, headers: null, error: "timeout", excerpt: null } as const;
  return invocation.connect(async () => {
    const left = request.timeoutMs - (now() - calledAt);
    if (left <= 0) return { ...timedOut, durationMs: now() - calledAt };
    const answered = world.measure.sent(id, route.destination.id, now());
    await sleep(Math.min(left, given.answer_ms));
    const durationMs = now() - calledAt;
    const elapsedS = (now() - world.startedAt) / SECOND_MS;
    const isDown = given.down !== undefined && elapsedS >= given.down.from_s && elapsedS < given.down.to_s;
    const status = given.answer_ms > left ? null : isDown ? 500 : given.status;
    answered(status, now());
    if (status === null) return { ...timedOut, durationMs };
    return { status, headers: {}, error: status >= 300 ? "http_status" : null, excerpt: "", durationMs };
  });
}
