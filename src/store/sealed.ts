// Finds records with secrets that another master key than the current one has sealed.
import { replaceAlertSpec } from "./alerts.ts";
import { affectedSources, CONFIG_KINDS, replaceSpec, type Kind } from "./config-store.ts";

const SEALED = "t.key = 'sealed' AND t.value GLOB 'v1.????????.*'";

/** The tables whose `spec` holds secrets. */
export const SEALED_KINDS = [...CONFIG_KINDS, "alerts"] as const satisfies readonly (Kind | "alerts")[];
type SealedKind = (typeof SEALED_KINDS)[number];

export interface SealedRecord {
  readonly kind: SealedKind;
  readonly id: string;
  readonly source_id?: string;
  readonly spec: string;
  readonly updated_at: number;
}

/** Sealed secrets of the whole configuration by the id of their key. */
export async function secretsByKey(db: D1Database): Promise<{ key_id: string; secrets: number }[]> {
  const all = SEALED_KINDS.map(
    (kind) => `SELECT substr(t.value, 4, 8) AS key_id FROM ${kind} r, json_tree(r.spec) t WHERE ${SEALED}`,
  );
  const { results } = await db
    .prepare(`SELECT key_id, COUNT(*) AS secrets FROM (${all.join(" UNION ALL ")}) GROUP BY key_id ORDER BY key_id`)
    .all<{ key_id: string; secrets: number }>();
  return results;
}

/** The next records, in order of id. @param after the id that they follow */
export async function sealedByOthers(
  db: D1Database,
  kind: SealedKind,
  keyId: string,
  after: string,
  limit: number,
): Promise<SealedRecord[]> {
  const { results } = await db
    .prepare(
      `SELECT r.* FROM ${kind} r WHERE r.id > ?2 AND EXISTS (
         SELECT 1 FROM json_tree(r.spec) t WHERE ${SEALED} AND substr(t.value, 4, 8) <> ?1)
       ORDER BY r.id LIMIT ?3`,
    )
    .bind(keyId, after, limit)
    .all<Omit<SealedRecord, "kind">>();
  return results.map((row) => ({ ...row, kind }));
}

/** False when the record has changed meanwhile: then it is sealed anew already, or is next time. */
export async function putResealed(db: D1Database, record: SealedRecord, spec: string): Promise<boolean> {
  if (record.kind === "alerts") return replaceAlertSpec(db, record, spec, record.updated_at, []);
  const affected = await affectedSources(db, record.kind, record);
  return replaceSpec(db, record.kind, record, spec, record.updated_at, affected);
}
