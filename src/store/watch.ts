// Whether a page is open on the live feed: there is a mark while one is.

/** Part of a consumer's read: until when pages are open. Milliseconds since the epoch; 0: none is open. */
export interface Watched {
  readonly watched_until: number;
}

export const watchStatement = (db: D1Database): D1PreparedStatement =>
  db.prepare("SELECT at FROM marks WHERE name = 'watch'");

export const watchedUntil = (rows: readonly unknown[] | undefined): number =>
  (rows?.[0] as { at: number } | undefined)?.at ?? 0;

export const readWatch = async (db: D1Database): Promise<number> =>
  watchedUntil((await watchStatement(db).all()).results);

/** Writes only when the lease is half over, so that pages which open and close cost at most one row in that time. */
export async function keepWatch(db: D1Database, now: number, until: number): Promise<void> {
  await db
    .prepare(
      "INSERT INTO marks (name, at) VALUES ('watch', ?2) ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE marks.at <= (?1 + ?2) / 2",
    )
    .bind(now, until)
    .run();
}

export async function endWatch(db: D1Database): Promise<void> {
  await db.prepare("DELETE FROM marks WHERE name = 'watch'").run();
}
