// Records and outcomes that earlier releases sent through the queue while D1 did not take them: all of a batch are written together.
import { partition } from "../../kernel/pool.ts";
import type { OutcomeMessage, RecordMessage } from "../../model/message.ts";
import type { ConsumerPorts } from "../ports.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Received } from "./conclusion.ts";
import { forgetInR2 } from "./forget.ts";
import { recordLate } from "./record-late.ts";
import { subjectOf, writesIn } from "./writes.ts";

export async function recordCarried(
  batch: readonly Received<RecordMessage | OutcomeMessage>[],
  ports: ConsumerPorts,
): Promise<void> {
  const all = batch.map(({ incoming, message }) => ({ incoming, message, writes: writesIn(message) }));
  const subjects = new Set<string>();
  const [copies, singles] = partition(all, ({ writes }) => {
    const isCopy = subjects.has(subjectOf(writes));
    subjects.add(subjectOf(writes));
    return isCopy;
  });
  for (const part of [singles, ...copies.map((one) => [one])]) {
    const left = (await recordLate(part, ports)).map(({ outcome }) => outcome);
    const [open, done] = partition(part, (one) => left.includes(one));
    const firsts = done.flatMap(({ message }) =>
      message.kind === "record" ? [{ journal: message.journal, first: message }] : [],
    );
    await forgetInR2(firsts, ports);
    for (const { incoming } of done) incoming.ack();
    for (const { incoming } of open) incoming.retry({ delaySeconds: backoffSeconds(incoming.attempts) });
  }
}
