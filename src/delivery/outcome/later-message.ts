// The queue message of a delivery that waits for its next attempt. Pure.
import { SLOT_LEAD_MS } from "../../config/limits.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { LaterLane, LaterMessage } from "../types.ts";

/** It comes at the delivery's time. For a slot of the pace it comes early, and the consumer waits for the slot. */
export function laterMessage(
  { id, next_attempt_at, deferred_by }: Pick<Delivery, "id" | "next_attempt_at" | "deferred_by">,
  lane: LaterLane,
  now: number,
): LaterMessage {
  const at = next_attempt_at ?? now;
  const leadMs = deferred_by === "pace" ? SLOT_LEAD_MS : 0;
  return { id, lane, delayMs: Math.max(0, at - leadMs - now), at };
}
