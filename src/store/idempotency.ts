// Responses to requests with an `Idempotency-Key`, kept for a day.
import { IDEMPOTENCY_TAKEOVER_MS } from "../config/limits.ts";
import { idempotencyKeys } from "./schema.ts";
import { insertSelect } from "./statements.ts";

/** `status` and `response` are null while the first request is under way. */
type KeptAnswer = Pick<typeof idempotencyKeys.$inferSelect, "request_hash" | "status" | "response">;

export type Claim =
  | { readonly kind: "held"; /** When the key was first used. Milliseconds since the epoch. */ readonly since: number }
  | { readonly kind: "taken"; readonly answer: KeptAnswer };

/** Claims a key that is new, or whose request failed or was given up. */
export async function claimKey(
  db: D1Database,
  key: string,
  operation: string,
  hash: string,
  now: number,
): Promise<Claim> {
  const inserted = await db
    .prepare(
      `${insertSelect(idempotencyKeys, { key: "?1", operation: "?2", request_hash: "?3", created_at: "?4", claimed_at: "?4" })} WHERE true
       ON CONFLICT DO UPDATE SET claimed_at = ?4
         WHERE status IS NULL AND request_hash = ?3 AND COALESCE(claimed_at, created_at) <= ?5
       RETURNING created_at`,
    )
    .bind(key, operation, hash, now, now - IDEMPOTENCY_TAKEOVER_MS)
    .first<{ created_at: number }>();
  if (inserted !== null) return { kind: "held", since: inserted.created_at };
  const answer = await db
    .prepare("SELECT request_hash, status, response FROM idempotency_keys WHERE key = ?1 AND operation = ?2")
    .bind(key, operation)
    .first<KeptAnswer>();
  // Released between the two statements: its request was refused.
  return { kind: "taken", answer: answer ?? { request_hash: hash, status: null, response: null } };
}

export async function keepAnswer(
  db: D1Database,
  key: string,
  operation: string,
  status: number,
  response: string,
): Promise<void> {
  await db
    .prepare("UPDATE idempotency_keys SET status = ?3, response = ?4 WHERE key = ?1 AND operation = ?2")
    .bind(key, operation, status, response)
    .run();
}

/** The request failed on our side and may have had its effect: the next request with the key continues the same claim. */
export async function yieldKey(db: D1Database, key: string, operation: string): Promise<void> {
  await db
    .prepare("UPDATE idempotency_keys SET claimed_at = 0 WHERE key = ?1 AND operation = ?2 AND status IS NULL")
    .bind(key, operation)
    .run();
}

/** The request was refused and had no effect: the key is free again. */
export async function releaseKey(db: D1Database, key: string, operation: string): Promise<void> {
  await db.prepare("DELETE FROM idempotency_keys WHERE key = ?1 AND operation = ?2").bind(key, operation).run();
}
