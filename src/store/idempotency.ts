// Answers to requests that carry an `Idempotency-Key`, kept for a day.
export interface KeptAnswer {
  readonly request_hash: string;
  /** Null while the first request is under way. */
  readonly status: number | null;
  readonly response: string | null;
}

/** Claims the key; the earlier request's record when it is taken. */
export async function claimKey(
  db: D1Database,
  key: string,
  operation: string,
  hash: string,
  now: number,
): Promise<KeptAnswer | null> {
  const result = await db
    .prepare(
      "INSERT INTO idempotency_keys (key, operation, request_hash, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )
    .bind(key, operation, hash, now)
    .run();
  if (result.meta.changes > 0) return null;
  return db
    .prepare("SELECT request_hash, status, response FROM idempotency_keys WHERE key = ?1 AND operation = ?2")
    .bind(key, operation)
    .first<KeptAnswer>();
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

/** A request that failed may be sent again under the same key. */
export async function releaseKey(db: D1Database, key: string, operation: string): Promise<void> {
  await db.prepare("DELETE FROM idempotency_keys WHERE key = ?1 AND operation = ?2").bind(key, operation).run();
}
