// Re-encrypts under the current master key what earlier keys have sealed: a bounded number of records at a time.
import type { Clock } from "../kernel/clock.ts";
import { DAY_MS } from "../kernel/durations.ts";
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
        const result = await reseal(JSON.parse(row.spec), row.id, current.value, vault);
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

export interface ResealSchedule {
  /** Whether a former master key is configured. */
  readonly rotating: boolean;
  readonly now: Clock;
  /** When the next look is due. Milliseconds since the epoch; null before the first. */
  readonly readDue: () => Promise<number | null>;
  readonly writeDue: (at: number) => Promise<void>;
}

/**
 * While a former key is configured its secrets are sealed again at once. Otherwise it looks once a day for secrets that are sealed in the
 * older way, bound to no place. The first look waits a day, because the release before cannot open the newer way: until then an
 * upgrade can be taken back.
 */
export const resealWhenDue =
  (reseal: () => Promise<number>, { rotating, now, readDue, writeDue }: ResealSchedule): (() => Promise<number>) =>
  async () => {
    const due = rotating ? 0 : await readDue();
    if (due !== null && due > now()) return 0;
    const rows = due === null ? 0 : await reseal();
    if (rows === 0 && !rotating) await writeDue(now() + DAY_MS);
    return rows;
  };
