// Brings events of the outbox back to the queue. One that cannot be sent holds up no other: a body that is too large for a message goes to R2,
// and what cannot be read is recorded as dead with its payload.
import { MAX_MESSAGE_BYTES, MAX_OPEN_REQUESTS } from "../config/limits.ts";
import { encodedBytes } from "../kernel/encoded-size.ts";
import { runPool } from "../kernel/pool.ts";
import type { Bytes } from "../kernel/bytes.ts";
import type { Result } from "../kernel/result.ts";
import type { BodyRef } from "../model/event.ts";
import type { EventId } from "../model/ids.ts";
import type { EventMessage } from "../model/message.ts";
import { describeError, type Logger } from "../telemetry/index.ts";

type Entry = Pick<EventMessage, "event" | "source_slug" | "route_version">;

interface Taken {
  readonly id: string;
  readonly resends: number;
  /** The error is what is stored, if that cannot be read. */
  readonly entry: Result<Entry, unknown>;
}

/** Every call may throw. */
export interface OutboxPorts {
  readonly log: Logger;
  /** Claims the next entries whose time has come, in order of id; empty at the end. @param after the id that they follow */
  readonly take: (after: string) => Promise<readonly Taken[]>;
  /** Makes entries due again that were not sent. */
  readonly putBack: (ids: readonly string[]) => Promise<void>;
  /** @returns the messages that the queue did not take, and why */
  readonly send: (
    messages: readonly EventMessage[],
  ) => Promise<readonly { readonly message: EventMessage; readonly fault: string }[]>;
  readonly storeBody: (id: EventId, bytes: Bytes) => Promise<BodyRef>;
  /** Records as dead what an entry holds, then removes the entry. */
  readonly deadLetter: (id: string, payload: unknown) => Promise<void>;
  /** The next objects in R2. @param cursor null for the first ones */
  readonly listR2: (
    cursor: string | null,
  ) => Promise<{ readonly keys: readonly string[]; readonly next: string | null }>;
  /** Null when it has been removed meanwhile. */
  readonly readR2: (key: string) => Promise<{ readonly entry: Result<Entry, unknown> } | null>;
  /** Writes entries to D1, due at once. */
  readonly journal: (entries: readonly Entry[]) => Promise<void>;
  readonly forgetR2: (ids: readonly string[]) => Promise<void>;
  /** The same as `deadLetter` for an object in R2. */
  readonly deadLetterR2: (key: string, payload: unknown) => Promise<void>;
}

/** Moves the events in R2 to D1. Yields how many after each chunk. */
export async function* emptyR2Outbox(ports: OutboxPorts): AsyncGenerator<number> {
  let cursor: string | null = null;
  do {
    const { keys, next }: Awaited<ReturnType<OutboxPorts["listR2"]>> = await ports.listR2(cursor);
    const entries: Entry[] = [];
    await runPool(keys, MAX_OPEN_REQUESTS, async (key) => {
      const entry = await readOne(key, ports);
      if (entry !== null) entries.push(entry);
    });
    if (entries.length > 0) {
      await ports.journal(entries);
      await ports.forgetR2(entries.map(({ event }) => event.id));
    }
    yield entries.length;
    cursor = next;
  } while (cursor !== null);
}

async function readOne(key: string, ports: OutboxPorts): Promise<Entry | null> {
  try {
    const read = await ports.readR2(key);
    if (read === null) return null;
    if (read.entry.ok) return read.entry.value;
    ports.log.error("outbox entry unreadable", { entry: key });
    await ports.deadLetterR2(key, read.entry.error);
  } catch (error) {
    ports.log.error("outbox entry left for later", { entry: key, error: describeError(error) });
  }
  return null;
}

/** Sends the events in D1. Yields how many after each chunk. Stops when the queue takes no more. */
export async function* drainOutbox(ports: OutboxPorts): AsyncGenerator<number> {
  let after = "";
  for (;;) {
    const taken = await ports.take(after);
    const last = taken.at(-1);
    if (last === undefined) return;
    after = last.id;
    const messages: EventMessage[] = [];
    for (const one of taken) {
      const message = await prepareOne(one, ports);
      if (message !== null) messages.push(message);
    }
    const unsent = await ports.send(messages);
    yield messages.length - unsent.length;
    for (const { message, fault } of unsent)
      ports.log.error("outbox entry not sent", { event: message.event.id, fault });
    const refused = unsent.filter(({ fault }) => fault !== "too_large");
    if (refused.length === 0) continue;
    await ports.putBack(refused.map(({ message }) => message.event.id));
    return;
  }
}

/** Null for an entry that is not sent now. */
async function prepareOne({ id, resends, entry }: Taken, ports: OutboxPorts): Promise<EventMessage | null> {
  try {
    if (entry.ok) {
      const message = await fit({ v: 1, kind: "event", ...entry.value, resends, journal: "d1" }, ports);
      if (encodedBytes(message) <= MAX_MESSAGE_BYTES) return message;
    }
    ports.log.error("outbox entry unsendable", { event: id });
    await ports.deadLetter(id, entry.ok ? entry.value : entry.error);
  } catch (error) {
    ports.log.error("outbox entry left for later", { event: id, error: describeError(error) });
  }
  return null;
}

async function fit(message: EventMessage, { storeBody }: OutboxPorts): Promise<EventMessage> {
  const { event } = message;
  if (event.body.kind === "r2" || encodedBytes(message) <= MAX_MESSAGE_BYTES) return message;
  return { ...message, event: { ...event, body: await storeBody(event.id, event.body.bytes) } };
}
