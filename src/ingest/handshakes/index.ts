// Answers what providers ask before they send webhooks.
export { takeHandshake, type HandshakePorts } from "./take-handshake.ts";
