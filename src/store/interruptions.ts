// Counts of interruptions: a consumer ended without settling what it had claimed.
import type { Interruption } from "../delivery/index.ts";

/** @param interrupted with the counts that they have from now on */
export const interruptionStatements = (
  db: D1Database,
  interrupted: readonly Interruption[],
  finished: readonly string[],
  now: number,
): D1PreparedStatement[] => [
  ...(interrupted.length === 0
    ? []
    : [
        db
          .prepare(
            `INSERT INTO interruptions (id, count, at) SELECT value ->> '$.id', value ->> '$.count', ?2 FROM json_each(?1) WHERE true
             ON CONFLICT DO UPDATE SET count = excluded.count, at = excluded.at`,
          )
          .bind(JSON.stringify(interrupted), now),
      ]),
  ...(finished.length === 0
    ? []
    : [
        db
          .prepare("DELETE FROM interruptions WHERE id IN (SELECT value FROM json_each(?1))")
          .bind(JSON.stringify(finished)),
      ]),
];

/** @returns the count, this start included */
export async function noteStart(db: D1Database, id: string, now: number): Promise<number> {
  const row = await db
    .prepare(
      `INSERT INTO interruptions (id, count, at) VALUES (?1, 1, ?2)
       ON CONFLICT DO UPDATE SET count = count + 1, at = excluded.at RETURNING count`,
    )
    .bind(id, now)
    .first<{ count: number }>();
  return row?.count ?? 1;
}
