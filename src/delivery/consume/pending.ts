// Records the outcomes that were kept in R2 while D1 was unavailable. Objects are read one at a time, outcomes are recorded a hundred at a time, and an
// object is removed once all of it is on record. Reading one twice changes nothing: the record refuses known events and claims that have passed.
import { MAX_PENDING_TRIES, PENDING_CHUNK } from "../../config/record-limits.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { PendingMessage } from "../../model/message.ts";
import { describeError } from "../../telemetry/index.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { Writes } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Received } from "./conclusion.ts";
import { recordLate } from "./record-late.ts";
import { subjectOf } from "./writes.ts";

/** What an object has come to. `open`: it is tried again. `faulty`: it is set aside when a message has named it `tries` times. */
type State =
  | { readonly kind: "recorded" | "gone" | "open" }
  | { readonly kind: "faulty"; readonly detail: string; readonly tries: number };

/** Also that of an object of which a part only waits for its database. */
const OPEN: State = { kind: "open" };
const REFUSED: State = { kind: "faulty", detail: "D1 takes others and not this one", tries: MAX_PENDING_TRIES };

export async function recordPending(batch: readonly Received<PendingMessage>[], ports: ConsumerPorts): Promise<void> {
  const messages = Map.groupBy(batch, ({ message }) => message.key);
  const states = await recordObjects([...messages.keys()].sort(), ports);
  const recorded = [...states].flatMap(([key, { kind }]) => (kind === "recorded" ? [key] : []));
  const isRemoved = await remove(recorded, ports);
  for (const [key, received] of messages) {
    const state = states.get(key) ?? OPEN;
    const attempts = Math.max(...received.map(({ incoming }) => incoming.attempts));
    const isDone = (state.kind !== "recorded" || isRemoved) && (await isOver(key, state, attempts, ports));
    for (const { incoming } of received)
      if (isDone) incoming.ack();
      else incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
  }
}

/** @param keys in the order of time: what was accepted together is recorded together @returns nothing for those that were not reached */
async function recordObjects(keys: readonly string[], ports: ConsumerPorts): Promise<Map<string, State>> {
  const states = new Map<string, State>();
  /** By subject. */
  const inHand = new Map<string, { readonly key: string; readonly writes: Writes }>();
  const away = new Set<number>();
  /** Whether D1 is away as a whole. */
  const flush = async (): Promise<boolean> => {
    const left = await recordLate([...inHand.values()], ports, away);
    inHand.clear();
    for (const { outcome, isAway } of left)
      states.set(outcome.key, isAway || states.get(outcome.key) === OPEN ? OPEN : REFUSED);
    return away.size === ports.records.databases;
  };
  for (const key of keys) {
    const outcomes = await readOutcomes(key, ports);
    states.set(key, outcomes.ok ? { kind: "recorded" } : outcomes.error);
    for (const writes of outcomes.ok ? outcomes.value : []) {
      if ((inHand.size === PENDING_CHUNK || inHand.has(subjectOf(writes))) && (await flush()))
        return states.set(key, OPEN);
      inHand.set(subjectOf(writes), { key, writes });
    }
  }
  await flush();
  return states;
}

async function readOutcomes(key: string, ports: ConsumerPorts): Promise<Result<readonly Writes[], State>> {
  try {
    const read = await ports.readPending(key);
    if (read === null) return err({ kind: "gone" });
    if (read.ok) return ok(read.value);
    const { reason, detail } = read.error;
    return err({ kind: "faulty", detail, tries: reason === "newer" ? MAX_PENDING_TRIES : 1 });
  } catch (error) {
    ports.log.error("pending record not read", { key, error: describeError(error) });
    return err(OPEN);
  }
}

/** Those that stay behind are read again, found on record and removed then. */
async function remove(keys: readonly string[], ports: ConsumerPorts): Promise<boolean> {
  try {
    if (keys.length > 0) await ports.removePending(keys);
    return true;
  } catch (error) {
    ports.log.error("pending records not removed", { objects: keys.length, error: describeError(error) });
    return false;
  }
}

/** Whether nothing is left to do. What cannot be recorded is set aside, so that it holds up nothing else. */
async function isOver(key: string, state: State, attempts: number, ports: ConsumerPorts): Promise<boolean> {
  if (state.kind !== "faulty") return state.kind !== "open";
  const { detail, tries } = state;
  try {
    const as = attempts >= tries ? await ports.setPendingAside(key) : null;
    ports.log.error(as === null ? "pending record not recorded" : "pending record set aside", { key, as, detail });
    return as !== null;
  } catch (error) {
    ports.log.error("pending record not set aside", { key, detail, error: describeError(error) });
    return false;
  }
}
