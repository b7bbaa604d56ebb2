import * as store from "../../store/index.ts";
import { DEDUPE_CONSUMER_WAIT_MS } from "../../config/limits.ts";
import { toCandidate } from "../../dedupe/index.ts";
import { type ConsumerPorts } from "../../delivery/index.ts";
import { collectorClient, gateClient } from "../../gate/index.ts";
import { fillContents, withContents } from "../../record/index.ts";
import { endsWithin, sleep } from "../../kernel/clock.ts";
import { listenerSender } from "../../listen/index.ts";
import { releaseMark } from "../../model/parked.ts";
import { levelOf } from "../../model/watermarks.ts";
import { systemRandom } from "../../kernel/random.ts";
import { boundBucket, bucketOf } from "../bucket.ts";
import { queueBinding, sendFlush, sendLater, sendOn, sendOnEvents, sendReschedule } from "../queues.ts";
import { type Runtime, certificateBinding } from "../runtime.ts";
import { pendingObjects } from "./pending.ts";
import { shardsOf } from "../shards.ts";
import { recordsOverShards } from "./over-shards.ts";
import { replaysOverShards } from "./replays-over-shards.ts";
import { channelOpener } from "../../brokers/index.ts";
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
        replays: { ...replays, candidates: fresh(replays.candidates), ignored: fresh(replays.ignored) },
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
  fetch,
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
    (await bucketOf(env).get(key))?.body ?? null;
  const readBody = async (key: string) => {
    const stored = await bucketOf(env).get(key);
    return stored === null ? null : new Uint8Array(await stored.arrayBuffer());
  };
  return {
    now,
    random: systemRandom,
    sleep,
    endsWithin,
    answerTimes,
    gate: gateClient(env.DESTINATION_GATE),
    collector: collectorClient(env.DESTINATION_GATE),
    send: listenerSender(env.LISTENERS, httpSender({ fetch, readStored, probe, now }), now),
    openChannel: channelOpener({
      now,
      sleep,
      endsWithin,
      urls,
      probe,
      fetch,
      readBody,
      queue: (name) => queueBinding(env, name),
      cloudflareApi: settings.cloudflareApi,
    }),
    urls,
    readStored,
    openSecrets: vault.openSecrets,
    certificate: (name) => certificateBinding(env, name),
    accessToken,
    callbackSecrets,
    log,
    records: {
      databases: 1,
      databaseOf: () => 0,
      readContext: async (events, sources, destinations) => {
        const context = await store.readBatchContext(env.DB, events, sources, destinations);
        live.learn(context.watched_until);
        return { ...context, isFull: levelOf(context.databaseBytes, settings.watermarks) === "full" };
      },
      write: async (writes) => {
        await record.writer.write(writes);
        await live.changed();
      },
      takeDue: async (due, holdMs, alone) => {
        const taken = await store.takeDue(env.DB, due, now(), holdMs, alone);
        live.learn(taken.watched_until);
        return { ...taken, deliveries: await fillContents(taken.deliveries, taken.places, record.reader) };
      },
      whole: async (delivery) => {
        const found = await record.reader.event(delivery.event_id);
        if (!found.ok || found.value === null) return delivery;
        const whole = await record.reader.whole(found.value, delivery);
        return whole.ok ? whole.value : delivery;
      },
      noteStart: (id) => store.noteStart(env.DB, id, now()),
      waitingPage: (destination, from, limit) => store.waitingPage(env.DB, destination, from, now(), limit),
      parkedPage: (destination, limit) => store.parkedPage(env.DB, destination, now(), limit),
      noteRelease: (destination) => store.writeMark(env.DB, releaseMark(destination), now()),
      moveWaiting: (times) => store.moveWaiting(env.DB, times, now()),
      cancelPiece: (message) => store.cancelPiece(env.DB, message, now()),
    },
    readBody,
    ...pendingObjects(boundBucket(env), now),
    sendLater: (messages) => sendLater(env, messages),
    replays: {
      readRun: (id) => store.readRun(env.DB, id),
      candidates: (run, after, limit) => store.candidates(env.DB, run, after, limit),
      ignored: async (run, from, most) => {
        const { found, ...page } = await store.ignoredOfRun(env.DB, run, from, most);
        const { found: whole, lost } = await withContents(found, record.reader);
        for (const id of lost)
          log.error("event not replayed", { event: id, replay: run.id, error: "its content is lost" });
        return { ...page, found: whole };
      },
      takeIgnored: (run, piece) => store.takeIgnored(env.DB, run, piece, now()),
      stillWaits: (run) => store.stillWaits(env.DB, run),
      takePiece: (run, piece) => store.takePiece(env.DB, run, piece, now()),
      putOff: (run, until) => store.putOff(env.DB, run, until),
    },
    sendOn: (message, delayMs) => sendOn(env, message, delayMs),
    sendOnEvents: (messages, lane) => sendOnEvents(env, messages, lane),
    sendFlush: (message, lane, delayMs) => sendFlush(env, message, lane, delayMs),
    sendReschedule: (message, delayMs) => sendReschedule(env, message, delayMs),
    forgetJournal: (events) => store.forgetInR2(bucketOf(env), events),
    routes: (used, versions) => routes.forBatch(used, versions),
    presentRoutes: (sources) => store.readRoutes(env.DB, sources),
    firstEvents: (events) =>
      intake.firstEvents(
        events.flatMap((event) => toCandidate(event) ?? []),
        DEDUPE_CONSUMER_WAIT_MS,
      ),
    completeId: ids.complete,
  };
}
