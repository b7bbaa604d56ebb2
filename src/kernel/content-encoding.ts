// Decodes bodies that a sender has compressed, so that they can be read. In memory, and never to more than a bound: a small body can be
// compressed from a very large one.
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { err, ok, type Result } from "./result.ts";

/** `unknown`: an encoding that is not supported. `broken`: the bytes are not what the encoding says. */
export type Undecodable = "unknown" | "broken" | "too_large";

/** A body can be encoded several times; no sender does it more often. */
const MAX_ENCODINGS = 3;

type Decode = (bytes: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

/** RFC 9110, section 8.4.1. What is called deflate is zlib's format, but some senders leave out zlib's header. */
const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  br: brotliDecompressSync,
  deflate: (bytes, options) => (hasZlibHeader(bytes) ? inflateSync : inflateRawSync)(bytes, options),
};

/** RFC 1950, section 2.2. */
const hasZlibHeader = ([first = 0, second = 0]: Uint8Array): boolean =>
  (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;

/** @param contentEncoding the header's value; null or empty for none */
export function decodeContent(
  bytes: Uint8Array,
  contentEncoding: string | null,
  maxBytes: number,
): Result<Uint8Array, Undecodable> {
  const names = (contentEncoding ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  if (names.length === 0 || bytes.byteLength === 0) return ok(bytes);
  if (names.length > MAX_ENCODINGS) return err("unknown");
  let decoded = bytes;
  // The header lists them in the order in which they were applied.
  for (const name of names.toReversed()) {
    const decode = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
    if (decode === undefined) return err("unknown");
    try {
      decoded = decode(decoded, { maxOutputLength: maxBytes });
    } catch (error) {
      return err(error instanceof RangeError ? "too_large" : "broken");
    }
  }
  return ok(decoded);
}
