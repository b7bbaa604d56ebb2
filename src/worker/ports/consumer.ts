import * as store from "../../store/index.ts";
import { DEDUPE_CONSUMER_WAIT_MS } from "../../config/limits.ts";
import { toCandidate } from "../../dedupe/index.ts";
import { type ConsumerPorts, type Writes } from "../../delivery/index.ts";
import { collectorClient, gateClient } from "../../gate/index.ts";
import { fillContents } from "../../record/index.ts";
import { endsWithin, sleep } from "../../kernel/clock.ts";
import { levelOf } from "../../model/watermarks.ts";
import { systemRandom } from "../../kernel/random.ts";
import { sendFlush, sendLater, sendOn, sendOnEvents, sendReschedule } from "../queues.ts";
import { type Runtime, certificateBinding } from "../runtime.ts";
import { pendingObjects } from "./pending.ts";
import { shardsOf } from "../shards.ts";
import { recordsOverShards } from "./over-shards.ts";
import { replaysOverShards } from "./replays-over-shards.ts";
import { httpSender } from "../../outbound/index.ts";
import { probe } from "../../outbound/probe.ts";

// Puts the real bindings behind the consumers. Wiring only.

/** Over all databases of the record. */
export function consumerPorts(runtime: Runtime): ConsumerPorts {
  const ports = portsOf(runtime);
  const { all, of, beside } = shardsOf(runtime);
  if (all.length === 1) return ports;
  const others = all.slice(1).map((shard): [Runtime, Pick<ConsumerPorts, "records" | "replays">] => {
    const { records, replays } = portsOf(shard);
    /** With the configuration as it is now. */
    const fresh =
      <Given extends readonly unknown[], T>(ask: (...given: Given) => Promise<T>) =>
      async (...given: Given): Promise<T> => {
        await store.refreshCopy(runtime.env.DB, shard.env.DB);
        return ask(...given);
      };
    return [
      shard,
      {
        records: { ...records, takeDue: fresh(records.takeDue) },
        replays: { ...replays, candidates: fresh(replays.candidates) },
      },
    ];
  });
  const recordsOf = new Map(others.map(([shard, { records }]) => [shard, records]));
  return {
    ...ports,
    records: recordsOverShards([ports.records, ...recordsOf.values()], (id) => recordsOf.get(of(id)) ?? ports.records),
    replays: replaysOverShards([ports.replays, ...others.map(([, { replays }]) => replays)]),
    completeId: (digits, delivery) => ports.completeId(delivery === undefined ? digits : beside(digits, delivery)),
  };
}

/** Over the first database alone. */
function portsOf({
  env,
  settings,
  log,
  ids,
  routes,
  urls,
  intake,
  live,
  now,
  vault,
  accessToken,
  callbackSecrets,
  answerTimes,
  record,
}: Runtime): ConsumerPorts {
  const readStored = async (key: string): Promise<ReadableStream<Uint8Array> | null> =>
    (await env.BODIES.get(key))?.body ?? null;
  /** By rows. `record.writer.write` records by the batch: it takes this place once every reader reads segments. */
  const recordWrites = async (writes: Writes): Promise<void> =>
    void (await store.withRetries(() => store.write(env.DB, writes, now()), sleep));
  return {
    now,
    random: systemRandom,
    sleep,
    endsWithin,
    answerTimes,
    gate: gateClient(env.DESTINATION_GATE),
    collector: collectorClient(env.DESTINATION_GATE),
    send: httpSender({ fetch: (input, init) => fetch(input, init), readStored, probe, now }),
    urls,
    readStored,
    openSecrets: vault.openSecrets,
    certificate: (name) => certificateBinding(env, name),
    accessToken,
    callbackSecrets,
    log,
    records: {
      readContext: async (events, sources, destinations) => {
        const context = await store.readBatchContext(env.DB, events, sources, destinations);
        live.learn(context.watched_until);
        return { ...context, isFull: levelOf(context.databaseBytes, settings.watermarks) === "full" };
      },
      write: async (writes) => {
        await recordWrites(writes);
        await live.changed();
      },
      takeDue: async (due, holdMs, alone) => {
        const taken = await store.takeDue(env.DB, due, now(), holdMs, alone);
        live.learn(taken.watched_until);
        return { ...taken, deliveries: await fillContents(taken.deliveries, taken.places, record.reader) };
      },
      noteStart: (id) => store.noteStart(env.DB, id, now()),
      waitingPage: (destination, from, limit) => store.waitingPage(env.DB, destination, from, now(), limit),
      moveWaiting: (times) => store.moveWaiting(env.DB, times, now()),
      cancelPiece: (message) => store.cancelPiece(env.DB, message, now()),
    },
    readBody: async (key) => {
      const stored = await env.BODIES.get(key);
      return stored === null ? null : await stored.bytes();
    },
    ...pendingObjects(env.BODIES, now),
    sendLater: (messages) => sendLater(env, messages),
    replays: {
      readRun: (id) => store.readRun(env.DB, id),
      candidates: (run, after, limit) => store.candidates(env.DB, run, after, limit),
      stillWaits: (run) => store.stillWaits(env.DB, run),
      takePiece: (run, piece) => store.takePiece(env.DB, run, piece, now()),
      putOff: (run, until) => store.putOff(env.DB, run, until),
    },
    sendOn: (message, delayMs) => sendOn(env, message, delayMs),
    sendOnEvents: (messages, lane) => sendOnEvents(env, messages, lane),
    sendFlush: (message, lane, delayMs) => sendFlush(env, message, lane, delayMs),
    sendReschedule: (message, delayMs) => sendReschedule(env, message, delayMs),
    forgetJournal: (events) => store.forgetInR2(env.BODIES, events),
    routes: (used, versions) => routes.forBatch(used, versions),
    firstEvents: (events) =>
      intake.firstEvents(
        events.flatMap((event) => toCandidate(event) ?? []),
        DEDUPE_CONSUMER_WAIT_MS,
      ),
    completeId: ids.complete,
  };
}
