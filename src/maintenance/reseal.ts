// The sweep's step after a change of the master key: seals what former keys have sealed anew, a bounded number of records at a time.
import { RESEAL_CHUNK_ROWS } from "../config/limits.ts";
import { reseal, type Vault } from "../signing/index.ts";
import * as store from "../store/index.ts";
import type { Logger } from "../telemetry/index.ts";

/** A sweep's resealer: each call takes up the next chunk; how many records it looked at. What cannot be opened stays as it is. */
export function resealer(db: D1Database, vault: Vault, log: Logger): () => Promise<number> {
  const kinds = [...store.SEALED_KINDS];
  let after = "";
  return async () => {
    const current = await vault.currentKeyId();
    if (!current.ok) {
      log.error("secrets not sealed anew", { detail: current.error.detail });
      return 0;
    }
    for (let kind = kinds[0]; kind !== undefined; kind = kinds[0]) {
      const records = await store.sealedByOthers(db, kind, current.value, after, RESEAL_CHUNK_ROWS);
      for (const record of records) {
        after = record.id;
        const result = await reseal(JSON.parse(record.spec), current.value, vault);
        if (result.ok) await store.putResealed(db, record, JSON.stringify(result.value));
        else log.error("secret not sealed anew", { record: record.id, reason: result.error.reason });
      }
      if (records.length > 0) return records.length;
      kinds.shift();
      after = "";
    }
    return 0;
  };
}
