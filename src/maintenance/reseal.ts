// The sweep's step after a change of the master key: seals again, under the current key, what former keys have sealed; a bounded number of
// records at a time.
import { reseal, type Vault } from "../signing/index.ts";
import type { Logger } from "../telemetry/index.ts";

interface Sealed {
  readonly id: string;
  /** JSON with sealed secrets in it. */
  readonly spec: string;
}

export interface ResealPorts<Kind, Row extends Sealed> {
  readonly kinds: readonly Kind[];
  /** The next rows that another key than this one has sealed, in order of id. @param after the id that they follow */
  readonly sealedByOthers: (kind: Kind, keyId: string, after: string) => Promise<readonly Row[]>;
  /** False when the row has changed meanwhile. */
  readonly put: (row: Row, spec: string) => Promise<boolean>;
  readonly vault: Vault;
  readonly log: Logger;
}

/** Each call of the result handles the next chunk and returns how many records it looked at. What cannot be opened stays as it is. */
export function resealer<Kind, Row extends Sealed>(ports: ResealPorts<Kind, Row>): () => Promise<number> {
  const { vault, log } = ports;
  const kinds = [...ports.kinds];
  let after = "";
  return async () => {
    const current = await vault.currentKeyId();
    if (!current.ok) {
      log.error("secrets not resealed", { detail: current.error.detail });
      return 0;
    }
    for (let kind = kinds[0]; kind !== undefined; kind = kinds[0]) {
      const rows = await ports.sealedByOthers(kind, current.value, after);
      for (const row of rows) {
        after = row.id;
        const result = await reseal(JSON.parse(row.spec), current.value, vault);
        if (result.ok) await ports.put(row, JSON.stringify(result.value));
        else log.error("secret not resealed", { record: row.id, reason: result.error.reason });
      }
      if (rows.length > 0) return rows.length;
      kinds.shift();
      after = "";
    }
    return 0;
  };
}
