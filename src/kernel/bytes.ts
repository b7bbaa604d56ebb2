// Bytes and their text forms. Nothing here knows what the bytes mean.
import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
// ignoreBOM keeps a leading U+FEFF in the text, so that encoding again gives the same bytes.
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Bytes => encoder.encode(text) as Bytes;

/** The text whose UTF-8 form is exactly `bytes`, or null when there is none. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return null;
  }
}

/** The same for bytes that may be cut off inside a character, which is then left out. */
export function decodeUtf8Head(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
  } catch {
    return null;
  }
}

export function concatBytes(parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.byteLength;
  }
  return out;
}

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const toHex = (bytes: Uint8Array): string => view(bytes).toString("hex");

/** Null when `text` is not an even number of hexadecimal digits. */
export const fromHex = (text: string): Bytes | null =>
  text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text) ? new Uint8Array(Buffer.from(text, "hex")) : null;

export const toBase64 = (bytes: Uint8Array): string => view(bytes).toString("base64");

/** Without padding. */
export const toBase64Url = (bytes: Uint8Array): string => view(bytes).toString("base64url");

/** Accepts the standard and the URL alphabet, padded or not. Null for anything else, which `Buffer` alone would skip. */
export function fromBase64(text: string): Bytes | null {
  const body = text.replace(/=+$/, "");
  if (!/^[A-Za-z0-9+/_-]*$/.test(body) || body.length % 4 === 1) return null;
  return new Uint8Array(Buffer.from(body, "base64"));
}

/** Takes a time that depends on the length of what was received, never on the secret. */
export function constantTimeEqual(received: Uint8Array, secret: Uint8Array): boolean {
  const comparable = received.byteLength === secret.byteLength;
  return timingSafeEqual(received, comparable ? secret : received) && comparable;
}

export const constantTimeEqualText = (received: string, secret: string): boolean =>
  constantTimeEqual(utf8(received), utf8(secret));
