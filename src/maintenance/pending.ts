// Has consumers record outcomes that D1 could not record at their time: sends the keys of their objects in R2 to the queue, each once, and again only
// if the object is still there ten minutes later, so that a backlog is not multiplied.
import { SWEEP_REPEAT_MS } from "../config/record-limits.ts";
import { keysAt, pendingTime } from "../model/pending-key.ts";

/** Up to which time of theirs keys have been sent, and when that began with the first one. */
type Mark = "pending" | "pending_began";

/** Every call may throw. */
export interface PendingPorts {
  /** Some keys in ascending order, which is that of time; empty at the end. @param after the key that they follow */
  readonly list: (after: string | null) => Promise<readonly string[]>;
  readonly send: (keys: readonly string[]) => Promise<void>;
  /** In D1. */
  readonly readMark: (name: Mark) => Promise<number | null>;
  readonly writeMark: (name: Mark, at: number) => Promise<void>;
}

/** Yields how many after each chunk. Sends nothing while D1 takes nothing. */
export async function* sendPending(ports: PendingPorts, now: number): AsyncGenerator<number> {
  if ((await ports.list(null)).length === 0) return;
  const last = await ports.readMark("pending_began");
  const isNew = last === null || now - last >= SWEEP_REPEAT_MS;
  // The same value once more, where it is not new: D1 must take writes.
  await ports.writeMark("pending_began", isNew ? now : last);
  const sentUntil = isNew ? null : await ports.readMark("pending");
  let after = sentUntil === null ? null : keysAt(sentUntil + 1);
  for (;;) {
    const keys = await ports.list(after);
    const end = keys.at(-1);
    if (end === undefined) return;
    await ports.send(keys);
    await ports.writeMark("pending", pendingTime(end) ?? now);
    after = end;
    yield keys.length;
  }
}
