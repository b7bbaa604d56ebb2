// What a provider asks before it sends webhooks, and the forms of our answers. An answer repeats nothing of the request but one short
// token, as plain text or inside JSON: it is never a page, and no header of it can be broken out of.
import type { HeaderList } from "../../model/event.ts";

/** What a handshake may look at. Secrets are open; their order is that of the configuration. */
export interface HandshakeRequest {
  /** The source's `verification.type`. */
  readonly type: string;
  readonly method: string;
  /** With its question mark, or empty. */
  readonly query: string;
  readonly headers: HeaderList;
  readonly secrets: readonly string[];
  /** What the sender's page was told to send along (Meta); null where none is configured. */
  readonly verifyToken: string | null;
}

export interface HandshakeAnswer {
  readonly status: 200 | 204;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export type Handshake =
  | { readonly kind: "answer"; readonly answer: HandshakeAnswer }
  /** The provider makes the secret and says it here, once: to be kept as this source's, if it has none yet. */
  | { readonly kind: "learn"; readonly secret: string; readonly answer: HandshakeAnswer }
  /** The subscription starts when `url` has been fetched. */
  | { readonly kind: "confirm"; readonly url: string; readonly answer: HandshakeAnswer }
  /** A handshake, but not from whom it should be. */
  | { readonly kind: "refuse"; readonly cause: string };

/** Longer tokens than any provider sends are no tokens. */
const MAX_TOKEN_LENGTH = 2_048;
/** Handshake bodies are short; a longer body is an event and is not parsed. Bytes. */
export const MAX_HANDSHAKE_BODY_BYTES = 16 * 1024;

/** Echoed text is shown by no browser as anything but text. */
const INERT = { "x-content-type-options": "nosniff", "cache-control": "no-store" };

export const answerText = (body: string): Handshake => ({
  kind: "answer",
  answer: { status: 200, headers: { "content-type": "text/plain; charset=utf-8", ...INERT }, body },
});

export const answerJson = (body: unknown): Handshake => ({
  kind: "answer",
  answer: {
    status: 200,
    headers: { "content-type": "application/json; charset=utf-8", ...INERT },
    body: JSON.stringify(body),
  },
});

export const acknowledged = (
  status: HandshakeAnswer["status"],
  headers: Record<string, string> = {},
): HandshakeAnswer => ({ status, headers: { ...headers, ...INERT }, body: null });

/** The token if it may be repeated: not empty, not long, without control characters; else null. */
export function repeatable(token: unknown): string | null {
  return typeof token === "string" && token.length > 0 && token.length <= MAX_TOKEN_LENGTH && !/\p{Cc}/u.test(token)
    ? token
    : null;
}

/** What may be said in a header of ours or kept as a secret: visible ASCII, one word. */
export function plainWord(text: unknown, maxLength: number): string | null {
  return typeof text === "string" && text.length <= maxLength && /^[\x21-\x7e]+$/.test(text) ? text : null;
}
