// Computes several HMACs over `before + body + after` while the body streams in. Small bodies use WebCrypto, with keys imported once per
// isolate; larger ones are hashed incrementally, so that memory stays bounded.
import { createHmac, type Hmac } from "node:crypto";
import { MAX_INLINE_BODY_BYTES } from "../../config/limits.ts";
import { BoundedMap } from "../../kernel/bounded-map.ts";
import { concatBytes, toBase64, utf8, type Bytes } from "../../kernel/bytes.ts";
import type { Hash } from "./rules.ts";

export interface MacJob {
  readonly hash: Hash;
  readonly key: Bytes;
  readonly before: string;
  readonly after: string;
}

export interface Macs {
  update(chunk: Uint8Array): void;
  /** In the order of the jobs. */
  finish(): Promise<Uint8Array[]>;
}

const NODE_HASHES = { "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512" } as const;
const importedKeys = new BoundedMap<string, CryptoKey>(1_000);

const importKey = (hash: Hash, key: Bytes): Promise<CryptoKey> =>
  importedKeys.getOrMake(`${hash}:${toBase64(key)}`, () =>
    crypto.subtle.importKey("raw", key, { name: "HMAC", hash }, false, ["sign"]),
  );

/** The HMAC of bytes that are in memory. */
export const computeMac = async (hash: Hash, key: Bytes, data: Bytes): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.sign("HMAC", await importKey(hash, key), data));

export function beginMacs(jobs: readonly MacJob[]): Macs {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let streams: Hmac[] | null = null;
  return {
    update(chunk) {
      if (streams === null) {
        pending.push(chunk);
        pendingBytes += chunk.byteLength;
        if (pendingBytes <= MAX_INLINE_BODY_BYTES) return;
        streams = jobs.map(({ hash, key, before }) => createHmac(NODE_HASHES[hash], key).update(before));
        for (const stream of streams) for (const part of pending) stream.update(part);
        pending = [];
      } else for (const stream of streams) stream.update(chunk);
    },
    async finish() {
      if (streams !== null) {
        return streams.map((stream, index) => new Uint8Array(stream.update(jobs[index]?.after ?? "").digest()));
      }
      return Promise.all(
        jobs.map(({ hash, key, before, after }) =>
          computeMac(hash, key, concatBytes([utf8(before), ...pending, utf8(after)])),
        ),
      );
    },
  };
}
