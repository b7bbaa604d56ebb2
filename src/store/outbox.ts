// The outbox: events that must not depend on the queue alone. In D1 if it can be written, else as objects in R2, from where the sweep moves
// them to D1.
import { MAX_RESEND_WAIT_MS } from "../config/record-limits.ts";
import { toBase64 } from "../kernel/bytes.ts";
import { capture, type Result } from "../kernel/result.ts";
import type { SluiceEvent } from "../model/event.ts";
import { parseMessage, type EventMessage } from "../model/message.ts";
import { bodyColumns, bodyRef, decodeBase64 } from "./event-rows.ts";
import { outbox } from "./schema.ts";
import { columnsOf, extracts, jsonParameters } from "./statements.ts";

const PREFIX = "outbox/";
const COLUMNS = columnsOf(outbox);
type OutboxRow = typeof outbox.$inferSelect;

type OutboxEntry = Pick<EventMessage, "event" | "source_slug" | "route_version">;

/** An entry whose time has come, and how often it has been sent again with this time. */
interface Taken {
  readonly id: string;
  readonly resends: number;
  /** The error is what is stored, if that cannot be read. */
  readonly entry: Result<OutboxEntry, unknown>;
}

/** An object of R2. */
interface R2Entry {
  readonly key: string;
  readonly entry: Result<OutboxEntry, unknown>;
}

type Head = Omit<SluiceEvent, "body"> & Omit<OutboxEntry, "event">;

const toHead = ({ event, source_slug, route_version = null }: OutboxEntry): string =>
  JSON.stringify({ ...event, body: null, source_slug, route_version });

/** Throws when it is not an event. */
function fromHead(json: string, body: SluiceEvent["body"]): OutboxEntry {
  const { source_slug, route_version = null, ...event } = JSON.parse(json) as Head;
  const message = parseMessage({ v: 1, kind: "event", event: { ...event, body }, source_slug, route_version });
  if (message?.kind !== "event") throw new Error("not an event");
  return { event: message.event, source_slug: message.source_slug, route_version };
}

/** Writes entries that are not there yet. @param resendAt from when on the sweep may send them to the queue again */
export async function journalInD1(db: D1Database, entries: readonly OutboxEntry[], resendAt: number): Promise<void> {
  const rows = entries.map((entry): OutboxRow => {
    const { body, body_encoding, body_key } = bodyColumns(entry.event.body);
    // The column of the body holds the R2 key of a body that is there.
    return {
      id: entry.event.id,
      event: toHead(entry),
      body: body ?? body_key,
      body_encoding,
      resend_at: resendAt,
      resends: 0,
    };
  });
  const insert = `INSERT INTO outbox (${COLUMNS.join(", ")}) SELECT ${extracts(COLUMNS)} FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING`;
  await db.batch(jsonParameters(rows).map((json) => db.prepare(insert).bind(json)));
}

/** Claims the next entries whose time has come. Each is left alone for longer and longer after that. @param after the id that they follow */
export async function takeOutbox(
  db: D1Database,
  now: number,
  visibilityMs: number,
  after: string,
  limit: number,
): Promise<Taken[]> {
  const { results } = await db
    .prepare(
      `UPDATE outbox SET resend_at = ?1 + min(?2 * (1 << min(resends, 10)), ${MAX_RESEND_WAIT_MS}), resends = resends + 1
       WHERE id IN (SELECT id FROM outbox WHERE id > ?3 AND resend_at <= ?1 ORDER BY id LIMIT ?4) RETURNING *`,
    )
    .bind(now, visibilityMs, after, limit)
    .all<OutboxRow>();
  return results
    .map((row) => {
      const body = { body: row.body, body_encoding: row.body_encoding, body_key: row.body };
      const entry = capture(() => fromHead(row.event, bodyRef(body)));
      return { id: row.id, resends: row.resends, entry: entry.ok ? entry : { ...entry, error: row } };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Entries that the queue did not take count as not sent, and may be sent again at once. */
export async function putBackOutbox(db: D1Database, ids: readonly string[], now: number): Promise<void> {
  await db
    .prepare("UPDATE outbox SET resend_at = ?2, resends = resends - 1 WHERE id IN (SELECT value FROM json_each(?1))")
    .bind(JSON.stringify(ids), now)
    .run();
}

export async function deleteFromOutbox(db: D1Database, id: string): Promise<void> {
  await db.prepare("DELETE FROM outbox WHERE id = ?1").bind(id).run();
}

interface StoredObject {
  readonly head: string;
  readonly r2?: string;
  readonly base64?: string;
}

export async function journalInR2(bucket: R2Bucket, entry: OutboxEntry): Promise<void> {
  const { body } = entry.event;
  const stored = body.kind === "r2" ? { r2: body.key } : { base64: toBase64(body.bytes) };
  await bucket.put(PREFIX + entry.event.id, JSON.stringify({ head: toHead(entry), ...stored } satisfies StoredObject));
}

export const forgetInR2 = (bucket: R2Bucket, ids: readonly string[]): Promise<void> =>
  bucket.delete(ids.map((id) => PREFIX + id));

/** A page of the entries in R2. @param cursor null for the first page @returns the next cursor; null at the end */
export async function listR2Outbox(
  bucket: R2Bucket,
  cursor: string | null,
  limit: number,
): Promise<{ readonly keys: readonly string[]; readonly next: string | null }> {
  const page = await bucket.list({ prefix: PREFIX, limit, ...(cursor === null ? {} : { cursor }) });
  return { keys: page.objects.map(({ key }) => key), next: page.truncated ? page.cursor : null };
}

/** Null when the object was deleted meanwhile. @param key as `listR2Outbox` gives it */
export async function readR2Entry(bucket: R2Bucket, key: string): Promise<R2Entry | null> {
  const object = await bucket.get(key);
  if (object === null) return null;
  const text = await object.text();
  const entry = capture(() => {
    const { head, r2, base64 } = JSON.parse(text) as StoredObject;
    return fromHead(
      head,
      r2 === undefined ? { kind: "inline", bytes: decodeBase64(base64 ?? "") } : { kind: "r2", key: r2 },
    );
  });
  return { key, entry: entry.ok ? entry : { ...entry, error: text } };
}
