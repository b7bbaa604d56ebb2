// Cancels deliveries that wait for a deleted source, destination or connection. Works in pieces: a message continues with the rest. A
// delivery that a consumer is processing meanwhile is cancelled when it is next due.
import { CANCEL_CHUNKS } from "../../config/record-limits.ts";
import type { CancelMessage, WaitingKey } from "../../model/message.ts";

export interface CancelPorts {
  readonly cancelPiece: (
    message: CancelMessage,
  ) => Promise<{ readonly cancelled: number; readonly next: WaitingKey | null }>;
  readonly sendOn: (message: CancelMessage, delayMs: number) => Promise<void>;
}

export const cancelMessage = (of: CancelMessage["of"], id: string): CancelMessage => ({
  v: 1,
  kind: "cancel",
  of,
  id,
  after: null,
});

/** @returns how many deliveries were cancelled now; a message may follow for the rest */
export async function cancelWaiting(message: CancelMessage, ports: CancelPorts): Promise<number> {
  let { after } = message;
  let cancelled = 0;
  for (let chunk = 0; chunk < CANCEL_CHUNKS; chunk++) {
    const piece = await ports.cancelPiece({ ...message, after });
    cancelled += piece.cancelled;
    if (piece.next === null) return cancelled;
    after = piece.next;
  }
  await ports.sendOn({ ...message, after }, 0);
  return cancelled;
}
