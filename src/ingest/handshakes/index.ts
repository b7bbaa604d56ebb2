// Answers what providers ask before they send webhooks.
export { signedAsToken } from "./before-body.ts";
export { takeHandshake, type HandshakePorts } from "./take-handshake.ts";
