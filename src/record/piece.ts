// A piece of a payload: head, body and first attempts of one event as bytes. A byte says how the rest is stored; then the length of the head
// (JSON), the head, and the body as it is.
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { MAX_PIECE_BYTES } from "../config/record-limits.ts";
import { concatBytes, utf8, type Bytes } from "../kernel/bytes.ts";
import type { AttemptAnswer, Content } from "./types.ts";

/** The first byte: how what follows is stored. */
const STORED = 1;
const DEFLATED = 2;

interface Head {
  readonly query: string;
  readonly headers: Content["headers"];
  readonly attempts?: Content["attempts"];
  /** The key of a body that is an object of its own. */
  readonly body_key?: string;
}

/** Without the answers where they are too large together: an event may have many connections, and its body must stay readable. */
export function packContent({ query, headers, body, attempts }: Content): Bytes {
  const head: Head = {
    query,
    headers,
    ...(Object.keys(attempts).length === 0 ? {} : { attempts }),
    ...(body.kind === "r2" ? { body_key: body.key } : {}),
  };
  const bytes = body.kind === "inline" ? body.bytes : new Uint8Array();
  const fits = utf8(JSON.stringify(attempts)).byteLength <= MAX_PIECE_BYTES / 2;
  return pack(fits ? head : { ...head, attempts: withoutAnswers(attempts) }, bytes);
}

const withoutAnswers = (attempts: Content["attempts"]): Content["attempts"] =>
  Object.fromEntries(
    Object.entries(attempts).map(([of, made]) => [
      of,
      made.map(({ error_detail: _detail, ...one }) => ({ ...one, response_headers: null, response_body: null })),
    ]),
  );

/** Throws where the piece is damaged or of a newer release. */
export function unpackContent(piece: Uint8Array): Content {
  const { head, body } = unpack(piece);
  const { query, headers, attempts = {}, body_key } = head as Head;
  const ref =
    body_key === undefined ? ({ kind: "inline", bytes: body } as const) : ({ kind: "r2", key: body_key } as const);
  return { query, headers, attempts, body: ref };
}

/** A piece for the answer to a later attempt. */
export const packAnswer = (answer: AttemptAnswer): Bytes => pack(answer, new Uint8Array());

/** Throws like `unpackContent`. */
export const unpackAnswer = (piece: Uint8Array): AttemptAnswer => unpack(piece).head as AttemptAnswer;

/** @param head what has a JSON form */
export function pack(head: object, body: Bytes): Bytes {
  const text = utf8(JSON.stringify(head));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.byteLength);
  const plain = concatBytes([length, text, body]);
  const deflated = deflateRawSync(plain);
  return deflated.byteLength < plain.byteLength
    ? concatBytes([new Uint8Array([DEFLATED]), deflated])
    : concatBytes([new Uint8Array([STORED]), plain]);
}

/** Throws like `unpackContent`. */
export function unpack(
  piece: Uint8Array,
  maxBytes = MAX_PIECE_BYTES,
): { readonly head: unknown; readonly body: Bytes } {
  const plain = inflate(piece, maxBytes);
  const length = new DataView(plain.buffer, plain.byteOffset, plain.byteLength).getUint32(0);
  if (4 + length > plain.byteLength) throw new Error("a piece of a payload ends early");
  const head: unknown = JSON.parse(new TextDecoder().decode(plain.subarray(4, 4 + length)));
  return { head, body: plain.slice(4 + length) };
}

function inflate(piece: Uint8Array, maxOutputLength: number): Bytes {
  const rest = piece.slice(1);
  switch (piece[0]) {
    case STORED:
      return rest;
    case DEFLATED:
      return new Uint8Array(inflateRawSync(rest, { maxOutputLength }));
    default:
      throw new Error(`a piece of a payload begins with ${piece[0]}, which this release does not know`);
  }
}
