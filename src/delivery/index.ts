// Delivers events and due deliveries to their destinations.
export { consumeDeadLetters } from "./consume/dead-letters.ts";
export { cancelMessage, cancelWaiting } from "./jobs/cancel.ts";
export { AnswerTimes } from "./run/answer-times.ts";
export { consume } from "./consume/consume.ts";
export { loadBody } from "./attempt/load-body.ts";
export { headerFaults } from "./attempt/headers.ts";
export { showRequest, type ShownRequest } from "./attempt/shown-request.ts";
export { targetUrl } from "./attempt/request.ts";
export { recordPayload } from "./consume/unparsable.ts";
export { presentWays, replayDelivery } from "./jobs/present-ways.ts";
export { ignoredWays, type MatchPorts } from "./jobs/replay-ignored.ts";
export { rebuild } from "./jobs/rebuild.ts";
export { replayMessage } from "./jobs/replay.ts";
export { releaseMessage } from "./jobs/release.ts";
export { reschedule, rescheduleMessage } from "./jobs/reschedule.ts";
export type {
  Lane,
  LaterLane,
  LaterMessage,
  Writes,
  DueDelivery,
  FirstRecord,
  CandidatePage,
  Candidate,
  IgnoredEvent,
  IgnoredPiece,
  Way,
  Piece,
  BatchContext,
  Interruption,
  Settlement,
  NewTime,
  Unreadable,
  WaitingPage,
} from "./types.ts";
export type { ConsumerPorts, Incoming } from "./ports.ts";
export { NOTHING_TO_WRITE } from "./ports.ts";
export { callbackDestination } from "./outcome/callback.ts";
