// Records and outcomes that D1 did not take at their time: all of a batch are written together.
import type { Delivery } from "../../model/delivery.ts";
import type { OutcomeMessage, RecordMessage } from "../../model/message.ts";
import { describeError } from "../../telemetry/index.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { Settled } from "../types.ts";
import { backoffSeconds } from "./backoff.ts";
import type { Conclusion, Received } from "./conclusion.ts";
import { record } from "./settle.ts";

type Carried = Received<RecordMessage | OutcomeMessage>;

/** So many in a row that cannot be written alone: D1 takes nothing now. */
const MAX_FAILURES = 2;

export async function recordCarried(batch: readonly Carried[], ports: ConsumerPorts): Promise<void> {
  if (await recordTogether(batch, ports)) return;
  // One that can never be written must not hold up the others.
  let failures = batch.length === 1 ? MAX_FAILURES : 0;
  for (const one of batch) {
    if (failures < MAX_FAILURES && (await recordTogether([one], ports))) failures = 0;
    else {
      failures += 1;
      one.incoming.retry({ delaySeconds: backoffSeconds(one.incoming.attempts) });
    }
  }
}

/** False where D1 does not take them; then no message has been settled. */
async function recordTogether(batch: readonly Carried[], ports: ConsumerPorts): Promise<boolean> {
  const conclusions = batch.map(concluded);
  const callbacks = batch.flatMap(({ message }) => message.callbacks ?? []);
  try {
    await record({ conclusions, states: [], disable: [] }, callbacks, ports);
    return true;
  } catch (error) {
    ports.log.error("record unwritable", { records: batch.length, error: describeError(error) });
    return false;
  }
}

function concluded({ incoming, message }: Carried): Conclusion {
  if (message.kind === "outcome") {
    const { delivery, claim, counts } = message;
    return {
      incoming,
      journal: null,
      first: null,
      settlement: { delivery, claim, counts, late: true },
      deliveries: [waiting(delivery)],
      endings: [],
      finished: [delivery.id],
    };
  }
  const { event, journal, deliveries, ignored = [] } = message;
  return {
    incoming,
    journal,
    first: { event, deliveries, ignored },
    settlement: null,
    deliveries: deliveries.map(waiting),
    endings: [],
    finished: [event.id],
  };
}

const waiting = (delivery: Delivery): Settled => ({
  delivery,
  lane: delivery.replay_id === null ? "deliveries" : "replays",
});
