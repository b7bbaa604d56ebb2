// Tokens of the management API in D1, by their hash. Their text is not stored.
import type { AuditEntry } from "../model/audit.ts";
import type { Principal } from "../model/token.ts";
import { auditStatement } from "./audit.ts";
import { tokens } from "./schema.ts";
import { columnsOf, extracts } from "./statements.ts";

export type TokenRow = typeof tokens.$inferSelect;
const COLUMNS = columnsOf(tokens);

export async function insertToken(db: D1Database, row: TokenRow, entry: AuditEntry): Promise<void> {
  await db.batch([
    db
      .prepare(`INSERT INTO tokens (${COLUMNS.join(", ")}) SELECT ${extracts(COLUMNS)} FROM json_each(?1)`)
      .bind(JSON.stringify([row])),
    auditStatement(db, [entry]),
  ]);
}

export const tokenByHash = (
  db: D1Database,
  hash: string,
): Promise<(Principal & Pick<TokenRow, "last_used_at">) | null> =>
  db.prepare("SELECT id, name, scope, expires_at, last_used_at FROM tokens WHERE hash = ?1").bind(hash).first();

export const findToken = (db: D1Database, id: string): Promise<TokenRow | null> =>
  db.prepare("SELECT * FROM tokens WHERE id = ?1").bind(id).first();

/** Newest first. @param before the id that the page follows */
export async function listTokens(db: D1Database, limit: number, before: string | null): Promise<TokenRow[]> {
  const { results } = await db
    .prepare("SELECT * FROM tokens WHERE ?2 IS NULL OR id < ?2 ORDER BY id DESC LIMIT ?1")
    .bind(limit, before)
    .all<TokenRow>();
  return results;
}

/** Of concurrent requests the first one writes. @param since only if the last recorded use is not later */
export async function markUsed(db: D1Database, id: string, now: number, since: number): Promise<void> {
  await db
    .prepare("UPDATE tokens SET last_used_at = ?2 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at <= ?3)")
    .bind(id, now, since)
    .run();
}

export async function deleteToken(db: D1Database, id: string, entry: AuditEntry): Promise<void> {
  await db.batch([db.prepare("DELETE FROM tokens WHERE id = ?1").bind(id), auditStatement(db, [entry])]);
}
