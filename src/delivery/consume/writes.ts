// What D1 is to hold of one event, or of one later attempt: alone, or together with others in one transaction.
import type { RecordMessage, OutcomeMessage } from "../../model/message.ts";
import { makeCallbacks, callbackMessages } from "../outcome/callback.ts";
import { NOTHING_TO_WRITE, type ConsumerPorts } from "../ports.ts";
import type { Settled, Writes } from "../types.ts";
import type { Conclusion } from "./conclusion.ts";

export async function writesOf(
  { journal, first, settlement, endings, interrupted = [], finished = [] }: Conclusion,
  { completeId }: Pick<ConsumerPorts, "completeId">,
): Promise<Writes> {
  return {
    ...NOTHING_TO_WRITE,
    firsts: first === null ? [] : [first],
    settlements: settlement === null ? [] : [settlement],
    callbacks: await makeCallbacks(endings, completeId),
    forget: journal === "d1" && first !== null ? [first.event.id] : [],
    interrupted,
    finished,
  };
}

/** The same to be written at any later time, when its claim may have expired and its consumer may count as interrupted. */
export const asLate = (writes: Writes): Writes => ({
  ...writes,
  settlements: writes.settlements.map(({ delivery, ...settlement }) => ({
    ...settlement,
    delivery: { ...delivery, attempts: delivery.attempts.slice(-1) },
    late: true,
  })),
  finished: [
    ...writes.finished,
    ...writes.firsts.map(({ event }) => event.id),
    ...writes.settlements.map(({ delivery }) => delivery.id),
  ],
});

/** What a message of an earlier release brings to the record. */
export function writesIn(message: RecordMessage | OutcomeMessage): Writes {
  const { callbacks = [] } = message;
  if (message.kind === "outcome") {
    const { delivery, claim, counts } = message;
    return asLate({ ...NOTHING_TO_WRITE, settlements: [{ delivery, claim, counts }], callbacks });
  }
  const { event, deliveries, journal, ignored = [] } = message;
  const forget = journal === "d1" ? [event.id] : [];
  return asLate({ ...NOTHING_TO_WRITE, firsts: [{ event, deliveries, ignored }], callbacks, forget });
}

export const joinWrites = (parts: readonly Writes[]): Writes => ({
  firsts: parts.flatMap(({ firsts }) => firsts),
  settlements: parts.flatMap(({ settlements }) => settlements),
  states: parts.flatMap(({ states }) => states),
  disable: parts.flatMap(({ disable }) => disable),
  callbacks: parts.flatMap(({ callbacks }) => callbacks),
  forget: parts.flatMap(({ forget }) => forget),
  interrupted: parts.flatMap(({ interrupted }) => interrupted),
  finished: parts.flatMap(({ finished }) => finished),
});

/** The event, or the delivery, that is recorded. No transaction has two of one. */
export const subjectOf = ({ firsts, settlements }: Writes): string =>
  firsts[0]?.event.id ?? settlements[0]?.delivery.id ?? "";

/** Deliveries and callbacks that have been recorded late, in the form that `enqueue` takes. */
export const laterOf = ({ firsts, settlements, callbacks }: Writes): Settled[] => [
  ...[...firsts.flatMap(({ deliveries }) => deliveries), ...settlements.map(({ delivery }) => delivery)].map(
    (delivery): Settled => ({ delivery, lane: delivery.replay_id === null ? "deliveries" : "replays" }),
  ),
  ...callbackMessages(callbacks),
];
