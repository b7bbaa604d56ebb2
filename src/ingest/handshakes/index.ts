// Answers what providers ask before they send webhooks.
export { mayBeChallenge } from "./in-head.ts";
export { answerHandshake, type HandshakePorts } from "./answer-handshake.ts";
