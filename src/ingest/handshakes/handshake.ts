// The requests with which a provider sets up its webhook, and our answers. An answer echoes only one short token, as plain text or
// inside JSON. It is never a page, and the token cannot inject a header.
import type { HeaderList } from "../../model/event.ts";

/** What a handshake is decided from. Secrets are decrypted, in configured order. */
export interface HandshakeRequest {
  /** The source's `verification.type`. */
  readonly type: string;
  readonly method: string;
  /** With its question mark, or empty. */
  readonly query: string;
  readonly headers: HeaderList;
  readonly secrets: readonly string[];
  /** The token that the user entered at the provider (Meta); null when none is configured. */
  readonly verifyToken: string | null;
}

export interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export type Handshake =
  | { readonly kind: "answer"; readonly answer: HandshakeAnswer }
  /** The provider creates the secret and sends it here, once: it is stored if the source has none yet. */
  | { readonly kind: "learn"; readonly secret: string; readonly answer: HandshakeAnswer }
  /** The subscription starts once Sluice has fetched `url`. */
  | { readonly kind: "confirm"; readonly url: string; readonly answer: HandshakeAnswer }
  /** A handshake from the wrong sender. */
  | { readonly kind: "refuse"; readonly cause: string };

/** A handshake once its secret is stored or its URL fetched. */
export type HandshakeResult = Extract<Handshake, { kind: "answer" | "refuse" }>;

/** No provider sends a longer token. Characters. */
const MAX_TOKEN_LENGTH = 2_048;
/** Handshake bodies are short; a longer body is an event and is not parsed. Bytes. */
export const MAX_HANDSHAKE_BODY_BYTES = 16 * 1024;

/** Browsers show echoed text as text only. */
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

export const acknowledge = (
  status: HandshakeAnswer["status"],
  headers: Record<string, string> = {},
): HandshakeAnswer => ({ status, headers: { ...headers, ...INERT }, body: null });

/** The token, if it may be echoed: not empty, not too long, no control characters. Otherwise null. */
export function echoable(token: unknown): string | null {
  return typeof token === "string" && token.length > 0 && token.length <= MAX_TOKEN_LENGTH && !/\p{Cc}/u.test(token)
    ? token
    : null;
}

/** The text, if it may be sent in a header or stored as a secret: visible ASCII without spaces. Otherwise null. */
export function visibleAscii(text: unknown, maxLength: number): string | null {
  return typeof text === "string" && text.length <= maxLength && /^[\x21-\x7e]+$/.test(text) ? text : null;
}
