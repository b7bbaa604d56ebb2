// What decodes to what, for Node and for workerd, whose zlib is another one.
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { expect } from "vitest";
import { decodeContent, type Undecodable } from "../../../src/kernel/content-encoding.ts";

const TEXT = '{"type":"paid"}';
const MAX_BYTES = 1_000;
const zeros = Buffer.alloc(5_000_000);
const text = Buffer.from(TEXT);

export const DECODED: readonly (readonly [encoding: string | null, bytes: Uint8Array])[] = [
  [null, text],
  ["", text],
  ["identity", text],
  ["gzip", gzipSync(text)],
  [" GZIP ", gzipSync(text)],
  ["x-gzip", gzipSync(text)],
  ["deflate", deflateSync(text)],
  ["deflate", deflateRawSync(text)],
  ["br", brotliCompressSync(text)],
  ["gzip, br", brotliCompressSync(gzipSync(text))],
  ["identity, gzip", gzipSync(text)],
];

export const UNDECODABLE: readonly (readonly [encoding: string, bytes: Uint8Array, why: Undecodable])[] = [
  ["zstd", text, "unknown"],
  ["constructor", text, "unknown"],
  ["gzip, gzip, gzip, gzip", text, "unknown"],
  ["gzip", text, "broken"],
  ["br", Buffer.from("plain text"), "broken"],
  ["deflate", Buffer.from([0xff, 0xff, 0xff]), "broken"],
  ["gzip", gzipSync(text).subarray(0, 20), "broken"],
  ["br", brotliCompressSync(text).subarray(0, 8), "broken"],
  ["br, gzip", brotliCompressSync(gzipSync(text)), "broken"],
  ["gzip", gzipSync(zeros), "too_large"],
  ["deflate", deflateSync(zeros), "too_large"],
  ["br", brotliCompressSync(zeros), "too_large"],
  ["gzip, gzip", gzipSync(gzipSync(zeros)), "too_large"],
];

export function expectDecoded(encoding: string | null, bytes: Uint8Array): void {
  const decoded = decodeContent(bytes, encoding, MAX_BYTES);
  expect(decoded.ok && new TextDecoder().decode(decoded.value)).toBe(TEXT);
}

export const expectUndecodable = (encoding: string, bytes: Uint8Array, why: Undecodable): void =>
  expect(decodeContent(bytes, encoding, MAX_BYTES)).toEqual({ ok: false, error: why });
