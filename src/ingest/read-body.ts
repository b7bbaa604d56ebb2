// Reads a request's body up to the source's limit, in bounded memory: small ones into the event, large ones in parts into R2.
import { MAX_INLINE_BODY_BYTES, MULTIPART_PART_BYTES } from "../config/limits.ts";
import { concatBytes, type Bytes } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { BodyRef } from "../model/event.ts";

export interface ReadBody {
  readonly ref: BodyRef;
  readonly bytes: number;
}

/** Where large bodies go. */
export type Bodies = Pick<R2Bucket, "put" | "createMultipartUpload">;

/**
 * @param declared the request's content-length, if it has one: a body that is announced as too large is not read at all
 * @param key the name of the object, should the body need one
 */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  declared: number | null,
  maxBytes: number,
  bodies: Bodies,
  key: string,
): Promise<Result<ReadBody, "too_large">> {
  if (declared !== null && declared > maxBytes) {
    // Cancelling frees the connection without reading what the sender has under way.
    await body?.cancel().catch(() => undefined);
    return err("too_large");
  }
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let total = 0;
  let upload: R2MultipartUpload | null = null;
  const parts: R2UploadedPart[] = [];
  const take = (): Bytes => {
    const bytes = concatBytes(pending);
    pending = [];
    pendingBytes = 0;
    return bytes;
  };
  const reader = body?.getReader();
  try {
    for (;;) {
      const chunk = await reader?.read();
      if (chunk === undefined || chunk.done) break;
      total += chunk.value.byteLength;
      if (total > maxBytes) {
        await reader?.cancel().catch(() => undefined);
        await upload?.abort();
        return err("too_large");
      }
      pending.push(chunk.value);
      pendingBytes += chunk.value.byteLength;
      // R2 wants every part but the last to have the same size, so a part is cut off exactly.
      while (pendingBytes > MULTIPART_PART_BYTES) {
        const bytes = take();
        upload ??= await bodies.createMultipartUpload(key);
        parts.push(await upload.uploadPart(parts.length + 1, bytes.subarray(0, MULTIPART_PART_BYTES)));
        pending = [bytes.subarray(MULTIPART_PART_BYTES)];
        pendingBytes = bytes.byteLength - MULTIPART_PART_BYTES;
      }
    }
    const rest = take();
    if (upload !== null) {
      parts.push(await upload.uploadPart(parts.length + 1, rest));
      await upload.complete(parts);
      return ok({ ref: { kind: "r2", key }, bytes: total });
    }
    if (total <= MAX_INLINE_BODY_BYTES) return ok({ ref: { kind: "inline", bytes: rest }, bytes: total });
    await bodies.put(key, rest);
    return ok({ ref: { kind: "r2", key }, bytes: total });
  } catch (error) {
    await upload?.abort().catch(() => undefined);
    throw error;
  }
}
