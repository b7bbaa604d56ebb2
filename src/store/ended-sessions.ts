// Dashboard sessions that were signed out. A row is needed only until the session would have expired anyway.

/** Ends the session, and removes rows of sessions that have expired. @param expiresAt milliseconds since the epoch */
export async function endSession(db: D1Database, id: string, expiresAt: number, now: number): Promise<void> {
  await db.batch([
    db.prepare("DELETE FROM ended_sessions WHERE expires_at <= ?1").bind(now),
    db.prepare("INSERT OR IGNORE INTO ended_sessions (id, expires_at) VALUES (?1, ?2)").bind(id, expiresAt),
  ]);
}

export const hasEnded = async (db: D1Database, id: string): Promise<boolean> =>
  (await db.prepare("SELECT 1 FROM ended_sessions WHERE id = ?1").bind(id).first()) !== null;
