// What travels between the steps of a consumer. Types only.
import type { EventMessage } from "../../model/message.ts";
import type { Incoming } from "../ports.ts";
import type { Dispatched, Ending, FirstRecord, Interruption, Settled, Settlement } from "../types.ts";

/** A message of a batch, parsed. */
export interface Received<Message> {
  readonly incoming: Incoming;
  readonly message: Message;
}

/** The result for one event, or one due delivery: the unit that is recorded. */
export interface Conclusion {
  /** Settled once it is on record; null if the message is settled elsewhere. */
  readonly incoming: Incoming | null;
  /** Where the copy of the event is that is removed once it is recorded. */
  readonly journal: EventMessage["journal"];
  /** An event that is not on record yet. */
  readonly first: FirstRecord | null;
  /** The transition of a delivery that is on record. */
  readonly settlement: Settlement | null;
  /** In their new state, each with the lane of its next message. */
  readonly deliveries: readonly Settled[];
  /** Ends that a callback may have been asked for. */
  readonly endings: readonly Ending[];
  /** What is no longer interrupted: it had interruptions and did not crash its consumer this time. */
  readonly finished?: readonly Interruption["id"][];
  /** The interruptions that are recorded for its deliveries. */
  readonly interrupted?: readonly Interruption[];
}

/** Everything that one batch records. */
export interface Concluded extends Pick<Dispatched, "states" | "disable" | "reschedule" | "release"> {
  readonly conclusions: readonly Conclusion[];
}
