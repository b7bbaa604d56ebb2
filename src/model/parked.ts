// Deliveries that are parked: deferred until the open circuit of their destination has closed. They have no slot and no queue message. Each has a
// `next_attempt_at` about a day ahead, after which it is attempted even if nothing has released it. All parked deliveries share a few such times, so the
// sweep finds them through the index of due deliveries.
import { DAY_MS, HOUR_MS } from "../kernel/durations.ts";
import type { Delivery } from "./delivery.ts";
import type { DestinationId } from "./ids.ts";

/** Within the hour. Nothing that a user plans falls on these instants. */
const OFFSET_MS = 23 * 60_000 + 17_389;

const nextTime = (from: number): number => Math.ceil((from - OFFSET_MS) / HOUR_MS) * HOUR_MS + OFFSET_MS;

/** The time of a delivery that is parked now: in a day, or up to an hour later. Milliseconds since the epoch. */
export const parkedUntil = (now: number): number => nextTime(now + DAY_MS);

/** The times of all that is parked and not due, ascending. Clocks may differ by an hour. Milliseconds since the epoch. */
export const parkedTimes = (now: number): readonly number[] =>
  Array.from({ length: 26 }, (_, hours) => nextTime(now) + hours * HOUR_MS);

/** The mark that says when deliveries of this destination were last released. */
export const releaseMark = (destination: DestinationId): string => `released ${destination}`;

export const isParked = ({ status, deferred_by, slot_at }: Pick<Delivery, "status" | "deferred_by" | "slot_at">) =>
  status === "deferred" && deferred_by === "circuit" && slot_at === null;
