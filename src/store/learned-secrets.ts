// Stores the secret that a provider created and sent in its handshake, if its source has none yet.
import type { StoredSecret } from "../model/secret.ts";

/**
 * @param type the verification that received it. A source that has changed meanwhile stores nothing
 * @returns whether it is the source's secret now. Of concurrent calls, one succeeds
 */
export async function learnSecret(
  db: D1Database,
  sourceId: string,
  type: string,
  secret: StoredSecret,
  now: number,
): Promise<boolean> {
  const { meta } = await db
    .prepare(
      `UPDATE sources
       SET spec = json_set(spec, '$.verification.secrets', json(?3)), version = version + 1, updated_at = ?4
       WHERE id = ?1 AND json_extract(spec, '$.verification.type') = ?2
         AND coalesce(json_array_length(spec, '$.verification.secrets'), 0) = 0`,
    )
    .bind(sourceId, type, JSON.stringify([secret]), now)
    .run();
  return meta.changes > 0;
}
