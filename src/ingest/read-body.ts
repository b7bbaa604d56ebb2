// Reads a request's body up to the source's limit, in bounded memory and time. A body larger than one multipart part is uploaded to R2 as it
// arrives, but becomes an object only when it is stored: a refused request leaves nothing behind.
import {
  BODY_GRACE_MS,
  MAX_INLINE_BODY_BYTES,
  MAX_UNCOUNTED_BODY_BYTES,
  MIN_BODY_BYTES_PER_SECOND,
  MULTIPART_PART_BYTES,
  REJECTED_BODY_HEAD_BYTES,
} from "../config/limits.ts";
import { concatBytes, type Bytes } from "../kernel/bytes.ts";
import { LATE, orLate, type Clock } from "../kernel/clock.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { BodyRef } from "../model/event.ts";
import type { BodyHold } from "./body-budget.ts";

/** A body that has been read but not stored. Exactly one of `store` and `discard` is called. */
export interface DraftBody {
  readonly bytes: number;
  /** The whole body, if it fits into one multipart part; otherwise null. */
  readonly whole: Bytes | null;
  /** Its first bytes. */
  readonly head: Bytes;
  /** Puts it into R2 if it is too large for the message. Throws if R2 refuses. */
  store(): Promise<BodyRef>;
  discard(): Promise<void>;
}

/** The R2 bucket of large bodies. */
export type Bodies = Pick<R2Bucket, "put" | "createMultipartUpload" | "delete">;

/** A body that was not read to its end. One that is too large is left as it is, unlocked; any other is cancelled. */
export interface Unread {
  /** `busy`: the isolate's budget for bodies is used up. `stalled`: the sender is too slow. */
  readonly reason: "too_large" | "busy" | "stalled";
  /** Its first bytes, as far as they were read. */
  readonly head: Bytes;
}

/** The limits of reading one body. */
export interface ReadLimits {
  readonly maxBytes: number;
  readonly hold: BodyHold;
  readonly now: Clock;
}

/**
 * @param declared the request's content-length, if it has one. A body announced as too large is not read at all
 * @param key the R2 key, used if the body does not fit into the message
 * @param tap called with each chunk, in order
 */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  declared: number | null,
  { maxBytes, hold, now }: ReadLimits,
  bodies: Bodies,
  key: string,
  tap: (chunk: Uint8Array) => void,
): Promise<Result<DraftBody, Unread>> {
  if (declared !== null && declared > maxBytes) return err({ reason: "too_large", head: new Uint8Array() });
  const startedAt = now();
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let total = 0;
  let head: Bytes = new Uint8Array();
  let upload: R2MultipartUpload | null = null;
  const parts: R2UploadedPart[] = [];
  const abort = async (): Promise<void> => {
    await upload?.abort().catch(() => undefined);
  };
  const counted = declared === null || declared > MAX_UNCOUNTED_BODY_BYTES;
  const reader = body?.getReader();
  const giveUp = async (reason: Unread["reason"]): Promise<Result<never, Unread>> => {
    // The caller reads the rest of a body that is too large, while it answers (linger.ts).
    if (reason === "too_large") reader?.releaseLock();
    else await reader?.cancel().catch(() => undefined);
    await abort();
    return err({ reason, head });
  };
  try {
    for (;;) {
      const leftMs = startedAt + BODY_GRACE_MS + (total / MIN_BODY_BYTES_PER_SECOND) * SECOND_MS - now();
      const chunk = reader === undefined ? undefined : await orLate(leftMs, reader.read());
      if (chunk === LATE) return await giveUp("stalled");
      if (chunk === undefined || chunk.done) break;
      total += chunk.value.byteLength;
      if (head.byteLength < REJECTED_BODY_HEAD_BYTES) {
        head = concatBytes([head, chunk.value.subarray(0, REJECTED_BODY_HEAD_BYTES - head.byteLength)]);
      }
      if (total > maxBytes) return await giveUp("too_large");
      if (counted && !hold.take(chunk.value.byteLength)) return await giveUp("busy");
      tap(chunk.value);
      pending.push(chunk.value);
      pendingBytes += chunk.value.byteLength;
      // R2 requires all parts except the last to have the same size.
      while (pendingBytes > MULTIPART_PART_BYTES) {
        const bytes = concatBytes(pending);
        upload ??= await bodies.createMultipartUpload(key);
        parts.push(await upload.uploadPart(parts.length + 1, bytes.subarray(0, MULTIPART_PART_BYTES)));
        pending = [bytes.subarray(MULTIPART_PART_BYTES)];
        pendingBytes = bytes.byteLength - MULTIPART_PART_BYTES;
        hold.release(MULTIPART_PART_BYTES);
      }
      // Most bodies come in one chunk, and asking for the end takes as long again.
      if (total === declared) break;
    }
  } catch (error) {
    await abort();
    throw error;
  }
  const rest = concatBytes(pending);
  const multipart: R2MultipartUpload | null = upload;
  return ok({
    bytes: total,
    whole: multipart === null ? rest : null,
    head,
    async store() {
      if (multipart !== null) {
        try {
          parts.push(await multipart.uploadPart(parts.length + 1, rest));
          await multipart.complete(parts);
        } catch (error) {
          await abort();
          throw error;
        }
      } else if (total <= MAX_INLINE_BODY_BYTES) return { kind: "inline", bytes: rest };
      else await bodies.put(key, rest);
      return { kind: "r2", key };
    },
    discard: abort,
  });
}
