// What travels between the steps of a consumer. Types only.
import type { EventMessage } from "../../model/message.ts";
import type { Incoming } from "../ports.ts";
import type { Dispatched, Ending, FirstRecord, Interruption, Settled, Settlement } from "../types.ts";

/** A message of a batch, parsed. */
export interface Received<Message> {
  readonly incoming: Incoming;
  readonly message: Message;
}

/** What came of one event, or of one due delivery: the unit that is recorded. */
export interface Conclusion {
  /** Settled once it is on record; null where the message is settled by other means. */
  readonly incoming: Incoming | null;
  /** Where a copy of the event is that its record replaces. */
  readonly journal: EventMessage["journal"];
  /** An event that is not on record yet. */
  readonly first: FirstRecord | null;
  /** The step of a delivery that is on record. */
  readonly settlement: Settlement | null;
  /** As they are now, each with the lane of its next message. */
  readonly deliveries: readonly Settled[];
  /** Ends that a callback may have been asked for. */
  readonly endings: readonly Ending[];
  /** Its interruptions, where it had some and has come through now. */
  readonly finished?: readonly Interruption["id"][];
  /** What its deliveries are to be on record with. */
  readonly interrupted?: readonly Interruption[];
}

/** What one batch has to record. */
export interface Concluded extends Pick<Dispatched, "states" | "disable" | "reschedule"> {
  readonly conclusions: readonly Conclusion[];
}
