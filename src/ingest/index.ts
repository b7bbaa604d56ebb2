// Accepts webhooks.
export { answeringWhileSending, type AnswerWhileSending } from "./linger.ts";
export { accept } from "./accept.ts";
export { answerHandshake, type HandshakePorts } from "./handshakes/index.ts";
export type { BodyCheck, IngestPorts, Rejection } from "./ports.ts";
export { persist } from "./persist.ts";
export { acceptedResponse, refusedResponse } from "./respond.ts";
export { BodyBudget } from "./body-budget.ts";
export { IntakeMeter } from "./back-pressure.ts";
export { RecordFull } from "./record-full.ts";
export { SourceLimiter } from "./limiter.ts";
export { RefusalLog } from "./refusal-log.ts";
export { SpillBudget } from "./spill-budget.ts";
export { RejectionTally } from "./rejection-tally.ts";
