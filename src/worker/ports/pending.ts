// Puts R2 behind what D1 has not taken. Wiring only.
import { toHex } from "../../kernel/bytes.ts";
import type { Clock } from "../../kernel/clock.ts";
import { randomBytes } from "../../kernel/random.ts";
import type { ConsumerPorts } from "../../delivery/index.ts";
import { keyAside, PENDING_PREFIX, pendingKey } from "../../model/pending-key.ts";
import { decodePending, encodePending } from "../../record/index.ts";

type PendingPorts = Pick<ConsumerPorts, "putPending" | "readPending" | "removePending" | "setPendingAside">;

/** @param bucket missing where none is bound */
export function pendingObjects(bucket: R2Bucket | undefined, now: Clock): PendingPorts {
  const bound = (): R2Bucket => {
    if (bucket === undefined) throw new Error("no bucket is bound");
    return bucket;
  };
  return {
    putPending: async (outcomes) => {
      await bound().put(pendingKey(now(), toHex(randomBytes(10))), encodePending(outcomes));
    },
    readPending: async (key) => {
      const object = await bound().get(key);
      return object === null ? null : decodePending(new Uint8Array(await object.arrayBuffer()));
    },
    removePending: (keys) => bound().delete([...keys]),
    setPendingAside: async (key) => {
      const as = keyAside(key);
      const object = await bound().get(key);
      if (object !== null) await bound().put(as, await object.arrayBuffer());
      await bound().delete(key);
      return as;
    },
  };
}

/** @param after the key that they follow; null for the first ones */
export async function listPending(
  bucket: R2Bucket | undefined,
  after: string | null,
  limit: number,
): Promise<readonly string[]> {
  const page = await bucket?.list({ prefix: PENDING_PREFIX, limit, ...(after === null ? {} : { startAfter: after }) });
  return page?.objects.map(({ key }) => key) ?? [];
}
