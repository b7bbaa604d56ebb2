// Events that must not depend on the queue alone. In D1 where it can be written, else as objects in R2, from where the sweep moves them on.
import { MAX_RESEND_WAIT_MS } from "../config/limits.ts";
import { toBase64, fromBase64 } from "../kernel/bytes.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { EventId } from "../model/ids.ts";
import { bodyColumns, bodyRef, type BodyColumns } from "./event-rows.ts";

const PREFIX = "outbox/";

export interface OutboxEntry {
  readonly event: SluiceEvent;
  readonly source_slug: string | null;
}

/** An entry that is sent again, and how often it has been now. */
interface ResentEntry extends OutboxEntry {
  readonly resends: number;
}

const head = ({ event, source_slug }: OutboxEntry): string => JSON.stringify({ ...event, body: null, source_slug });

function entry(json: string, body: BodyColumns): OutboxEntry {
  const { source_slug, ...event } = JSON.parse(json) as SluiceEvent & { source_slug: string | null };
  return { event: { ...event, body: bodyRef(body) }, source_slug };
}

/** @param resendAt from when on the sweep may send it to the queue again */
export async function journalInD1(db: D1Database, kept: OutboxEntry, resendAt: number): Promise<void> {
  const columns = bodyColumns(kept.event.body);
  // The R2 key of a large body stands in the body column.
  await db
    .prepare(
      "INSERT INTO outbox (id, event, body, body_encoding, resend_at, resends) VALUES (?1, ?2, ?3, ?4, ?5, 0) ON CONFLICT DO NOTHING",
    )
    .bind(kept.event.id, head(kept), columns.body ?? columns.body_key, columns.body_encoding, resendAt)
    .run();
}

export async function journalInR2(bucket: R2Bucket, kept: OutboxEntry): Promise<void> {
  const body = kept.event.body;
  const stored = body.kind === "r2" ? { r2: body.key } : { base64: toBase64(body.bytes) };
  await bucket.put(PREFIX + kept.event.id, JSON.stringify({ head: head(kept), ...stored }));
}

export const forgetInR2 = (bucket: R2Bucket, ids: readonly EventId[]): Promise<void> =>
  bucket.delete(ids.map((id) => PREFIX + id));

/** The oldest entries whose time has come; each is left alone for longer and longer after that. */
export async function takeOutbox(
  db: D1Database,
  now: number,
  visibilityMs: number,
  limit: number,
): Promise<ResentEntry[]> {
  const { results } = await db
    .prepare("SELECT id, event, body, body_encoding, resends FROM outbox WHERE resend_at <= ?1 ORDER BY id LIMIT ?2")
    .bind(now, limit)
    .all<{
      id: string;
      event: string;
      body: string | null;
      body_encoding: BodyColumns["body_encoding"];
      resends: number;
    }>();
  if (results.length === 0) return [];
  await db
    .prepare(
      `UPDATE outbox SET resend_at = ?2 + min(?3 * (1 << min(resends, 10)), ${MAX_RESEND_WAIT_MS}), resends = resends + 1
       WHERE id IN (SELECT value FROM json_each(?1))`,
    )
    .bind(JSON.stringify(results.map((row) => row.id)), now, visibilityMs)
    .run();
  return results.map((row) => ({
    ...(row.body_encoding === "r2"
      ? entry(row.event, { body: null, body_encoding: "r2", body_key: row.body })
      : entry(row.event, { body: row.body, body_encoding: row.body_encoding, body_key: null })),
    resends: row.resends + 1,
  }));
}

/** Some of the events that had to be kept in R2. */
export async function listR2Outbox(bucket: R2Bucket, limit: number): Promise<OutboxEntry[]> {
  const { objects } = await bucket.list({ prefix: PREFIX, limit });
  const out: OutboxEntry[] = [];
  for (const { key } of objects) {
    const object = await bucket.get(key);
    if (object === null) continue;
    const kept = await object.json<{ head: string; r2?: string; base64?: string }>();
    out.push(
      kept.r2 === undefined
        ? withBytes(kept.head, kept.base64 ?? "")
        : entry(kept.head, { body: null, body_encoding: "r2", body_key: kept.r2 }),
    );
  }
  return out;
}

const withBytes = (json: string, base64: string): OutboxEntry => {
  const kept = entry(json, { body: "", body_encoding: "utf8", body_key: null });
  return { ...kept, event: { ...kept.event, body: { kind: "inline", bytes: fromBase64(base64) ?? new Uint8Array() } } };
};
