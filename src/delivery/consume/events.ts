// Consumer of the `events` queue: matches, makes the first attempts, and records everything in one D1 batch.
import { MAX_MESSAGE_BYTES, MAX_OPEN_BODIES, MAX_SENT_IGNORED } from "../../config/limits.ts";
import { partition, runPool } from "../../kernel/pool.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { DestinationState } from "../../model/destination-state.ts";
import type { SluiceEvent } from "../../model/event.ts";
import type { EventId } from "../../model/ids.ts";
import type { Ignored } from "../../model/ignored.ts";
import { parseMessage, type EventMessage } from "../../model/message.ts";
import type { RouteDocument } from "../../model/route.ts";
import { deferForBatch, waitsForBatch } from "../batch/request-groups.ts";
import { deadLetterMessages } from "./dead-letters.ts";
import { callbackMessages, makeCallbacks } from "../outcome/callback.ts";
import { destinationsOf, isDirect, planDirect, waitForRecord } from "./direct.ts";
import { dispatch } from "../run/dispatch.ts";
import { askToReschedule, enqueue } from "./enqueue.ts";
import { matchEvent, NO_SOURCE } from "./match-event.ts";
import type { Job, Settled, Ending, BatchContext, FirstRecord } from "../types.ts";
import { NOTHING_TO_WRITE, type ConsumerPorts, type Incoming } from "../ports.ts";
import type { Matched } from "../../routing/index.ts";
import { describeError } from "../../telemetry/index.ts";

interface Planned {
  readonly duplicateOf: EventId | null;
  readonly deliveries: Settled[];
  /** Of attempts made: who may want word of them. */
  readonly endings: Ending[];
  readonly ignored: readonly Ignored[];
}

interface Work {
  readonly incoming: Incoming;
  readonly message: EventMessage;
}

const RETRY_SECONDS = 10;

export async function consumeEvents(batch: readonly Incoming[], ports: ConsumerPorts): Promise<void> {
  const startedAt = ports.now();
  const works: Work[] = [];
  const unparsable: Incoming[] = [];
  for (const incoming of batch) {
    const message = parseMessage(incoming.body);
    if (message?.kind === "event") works.push({ incoming, message });
    else unparsable.push(incoming);
  }
  if (unparsable.length > 0) await deadLetterMessages(unparsable, "events", ports);
  if (works.length === 0) return;

  const context = await readContext(works, ports);
  const fresh = unknown(works, context);
  await settleKnown(
    works.filter((work) => !fresh.includes(work)),
    ports,
  );
  let documents: ReadonlyMap<string, RouteDocument>;
  try {
    documents = await ports.routes(
      new Map(
        fresh
          .filter(({ message }) => !isDirect(message.event))
          .map(({ message }) => [message.event.source_id ?? "", message.source_slug]),
      ),
      context?.versions ?? null,
    );
  } catch (error) {
    ports.log.error("routes unreadable", { error: describeError(error) });
    documents = new Map();
  }

  const origins = await ports.firstEvents(fresh.map(({ message }) => message.event));
  const originOf = ({ message: { event } }: Work): EventId => origins.get(event.id) ?? event.id;
  const matches = new Map<Work, Matched>();
  const routed = fresh.filter((work) => !isDirect(work.message.event) && originOf(work) === work.message.event.id);
  await runPool(routed, MAX_OPEN_BODIES, async (work) => {
    const document = documents.get(work.message.event.source_id ?? "");
    const gone = document === undefined && isGone(work, context);
    const matched = gone ? NO_SOURCE : await matchEvent(work.message.event, document, ports);
    if (matched !== null) matches.set(work, matched);
  });
  const jobs: Job[] = [];
  const firsts = new Map<Work, Planned>();
  for (const work of fresh) {
    const { event } = work.message;
    if (isDirect(event)) {
      if (context === null) {
        work.incoming.retry({ delaySeconds: waitForRecord(work.incoming.attempts) });
        continue;
      }
      const plan = planDirect(event, context, ports.now());
      firsts.set(work, {
        deliveries: plan.settled.map((delivery) => ({ delivery, lane: "deliveries" })),
        ignored: [],
        endings: [],
        duplicateOf: null,
      });
      for (const job of plan.jobs) jobs.push({ ...job, event, sourceSlug: null, connection: null });
      continue;
    }
    if (originOf(work) !== event.id) {
      // Recorded, and that is all: what it repeats has been or is being delivered.
      firsts.set(work, { deliveries: [], endings: [], ignored: [], duplicateOf: originOf(work) });
      continue;
    }
    const matched = matches.get(work);
    if (matched === undefined) {
      // Its routes or its body cannot be known now; that is our failure, not the event's.
      work.incoming.retry({ delaySeconds: RETRY_SECONDS });
      continue;
    }
    const first: Planned = { deliveries: [], endings: [], ignored: matched.ignored, duplicateOf: null };
    firsts.set(work, first);
    for (const { delivery, route } of matched.matches) {
      if (delivery.status === "scheduled") first.deliveries.push({ delivery, lane: "deliveries" });
      else {
        jobs.push({ delivery, event: work.message.event, sourceSlug: work.message.source_slug, ...route });
      }
    }
  }
  const byEvent = new Map([...firsts].map(([work, first]) => [work.message.event.id, first]));
  const states = context?.states ?? new Map<string, DestinationState>();
  const [waiting, ready] = partition(jobs, waitsForBatch);
  for (const job of waiting) {
    const lane = states.get(job.destination.id)?.lane === "slow" ? "slow" : "deliveries";
    byEvent.get(job.event.id)?.deliveries.push(deferForBatch(job, lane, ports.now()));
  }
  const result = await dispatch(ready, "events", states, ports);
  const jobOf = new Map<string, Job>(jobs.map((job) => [job.delivery.id, job]));
  for (const settled of result.settled) {
    const first = byEvent.get(settled.delivery.event_id);
    const job = jobOf.get(settled.delivery.id);
    first?.deliveries.push(settled);
    if (job !== undefined) first?.endings.push({ ...job, ...settled });
  }

  const recorded = await record([...firsts], result, ports);
  await enqueue(recorded, ports);
  await askToReschedule(result.reschedule, ports);
  ports.log.info("batch", {
    lane: "events",
    messages: batch.length,
    events: firsts.size,
    duplicates: [...firsts.values()].filter(({ duplicateOf }) => duplicateOf !== null).length,
    attempts: result.attempts,
    delivered: result.settled.filter(({ delivery }) => delivery.status === "delivered").length,
    waiting: recorded.length,
    d1: context !== null,
    duration_ms: ports.now() - startedAt,
  });
}

async function readContext(works: readonly Work[], ports: ConsumerPorts): Promise<BatchContext | null> {
  try {
    return await ports.records.readContext(
      works.map(({ message }) => message.event.id),
      [...new Set(works.map(({ message }) => message.event.source_id ?? ""))],
      destinationsOf(works.map(({ message }) => message.event)),
    );
  } catch (error) {
    // D1 down does not stop first attempts [G7].
    ports.log.error("record unreadable", { error: describeError(error) });
    return null;
  }
}

/** The first message of each event that is not on record. */
function unknown(works: readonly Work[], context: BatchContext | null): Work[] {
  const seen = new Set<string>();
  return works.filter(({ message: { event } }) => {
    if (context?.known.has(event.id) === true || seen.has(event.id)) return false;
    seen.add(event.id);
    return true;
  });
}

/** A recorded event's deliveries have their owners: the message that brought it again has nothing left to do [G3]. */
async function settleKnown(works: readonly Work[], ports: ConsumerPorts): Promise<void> {
  await clearJournal(works, ports);
  for (const { incoming } of works) incoming.ack();
}

/** Copies in the journal that have done their duty. One that stays behind is sent again and cleared then. */
async function clearJournal(works: readonly Work[], ports: ConsumerPorts): Promise<void> {
  const kept = (where: "d1" | "r2"): EventId[] =>
    works.filter(({ message }) => message.journal === where).map(({ message }) => message.event.id);
  try {
    if (kept("d1").length > 0) await ports.records.write({ ...NOTHING_TO_WRITE, forget: kept("d1") });
    if (kept("r2").length > 0) await ports.forgetJournal(kept("r2"));
  } catch (error) {
    ports.log.error("journal not cleared", { error: describeError(error) });
  }
}

const isGone = (work: Work, context: BatchContext | null): boolean =>
  context !== null && !context.versions.has(work.message.event.source_id ?? "");

const asRecorded = ({ message: { event } }: Work, { duplicateOf }: Planned): SluiceEvent =>
  duplicateOf === null ? event : { ...event, duplicate_of: duplicateOf };

/** Writes the record and settles the messages. @returns what waits for a later attempt and is on record */
async function record(
  entries: readonly (readonly [Work, Planned])[],
  result: Awaited<ReturnType<typeof dispatch>>,
  ports: ConsumerPorts,
): Promise<Planned["deliveries"]> {
  const firsts: FirstRecord[] = entries.map(([work, first]) => ({
    event: asRecorded(work, first),
    deliveries: first.deliveries.map(({ delivery }) => delivery),
    ignored: first.ignored,
  }));
  const works = entries.map(([work]) => work);
  const callbacks = await makeCallbacks(
    entries.flatMap(([, first]) => first.endings),
    ports.completeId,
  );
  const forget = works.filter(({ message }) => message.journal === "d1").map(({ message }) => message.event.id);
  try {
    await ports.records.write({
      ...NOTHING_TO_WRITE,
      firsts,
      states: result.states,
      disable: result.disable,
      callbacks,
      forget,
    });
  } catch (error) {
    ports.log.error("record unwritable", { events: firsts.length, error: describeError(error) });
    await recordLater(entries, ports);
    return [];
  }
  await clearJournal(
    works.filter(({ message }) => message.journal === "r2"),
    ports,
  );
  for (const { incoming } of works) incoming.ack();
  return [
    ...entries.flatMap(([, first]) => first.deliveries.filter(({ delivery }) => delivery.next_attempt_at !== null)),
    ...callbackMessages(callbacks),
  ];
}

/** What the attempts came to travels by queue until D1 can be written; sending again would repeat deliveries. */
async function recordLater(entries: readonly (readonly [Work, Planned])[], ports: ConsumerPorts): Promise<void> {
  for (const [work, first] of entries) {
    try {
      await ports.sendRecord({
        v: 1,
        kind: "record",
        event: asRecorded(work, first),
        journal: work.message.journal,
        deliveries: first.deliveries.map(({ delivery }) => withoutAnswers(delivery)),
        ignored: first.ignored.slice(0, MAX_SENT_IGNORED),
        // What has no room beside a large body goes without the answer's.
        callbacks: await makeCallbacks(
          first.endings,
          ports.completeId,
          roomBeside(work.message.event, first.endings.length),
        ),
      });
      work.incoming.ack();
    } catch (error) {
      ports.log.error("record not handed on", { event: work.message.event.id, error: describeError(error) });
      work.incoming.retry({ delaySeconds: RETRY_SECONDS });
    }
  }
}

/** Bytes that each of so many callbacks may have beside the event in one message. */
function roomBeside({ body, headers }: SluiceEvent, callbacks: number): number {
  const head = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const taken = head + (body.kind === "inline" ? body.bytes.byteLength : 0);
  // A delivery's record, and what surrounds a callback's body.
  return Math.floor((MAX_MESSAGE_BYTES - taken) / Math.max(1, callbacks)) - 2_000;
}

/** Answers' excerpts would not fit beside a large body in one message. */
const withoutAnswers = (delivery: Delivery): Delivery => ({
  ...delivery,
  attempts: delivery.attempts.map((attempt) => ({ ...attempt, response_headers: null, response_body: null })),
});
