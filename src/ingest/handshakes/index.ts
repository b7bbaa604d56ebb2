// Answers what providers ask before they send webhooks. Decides only: what is learned or fetched is the caller's to do.
export type { Handshake, HandshakeAnswer, HandshakeRequest } from "./handshake.ts";
export { asksBeforeBody, handshakeBeforeBody } from "./before-body.ts";
export { asksInBody, handshakeInBody } from "./with-body.ts";
