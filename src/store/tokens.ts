// Tokens of the management API in D1: by the hash of their text, which stands nowhere.
import type { AuditEntry } from "../model/audit.ts";
import type { Principal, Scope } from "../model/token.ts";
import { auditStatement } from "./audit.ts";

export interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  readonly hash: string;
  readonly created_at: number;
  readonly created_by: string;
  readonly expires_at: number | null;
  readonly last_used_at: number | null;
}

export async function insertToken(db: D1Database, row: TokenRow, entry: AuditEntry): Promise<void> {
  await db.batch([
    db
      .prepare(
        `INSERT INTO tokens (id, name, scope, hash, created_at, created_by, expires_at, last_used_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
      )
      .bind(row.id, row.name, row.scope, row.hash, row.created_at, row.created_by, row.expires_at, row.last_used_at),
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

/** Of several requests at once the first writes. @param since only if it was not marked as used after that */
export async function markUsed(db: D1Database, id: string, now: number, since: number): Promise<void> {
  await db
    .prepare("UPDATE tokens SET last_used_at = ?2 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at <= ?3)")
    .bind(id, now, since)
    .run();
}

export async function deleteToken(db: D1Database, id: string, entry: AuditEntry): Promise<void> {
  await db.batch([db.prepare("DELETE FROM tokens WHERE id = ?1").bind(id), auditStatement(db, [entry])]);
}
