// The Durable Object: keys of one shard of one source, with their first events. It handles one claim after the other, so exactly one of
// many events is the first.
import { DurableObject } from "cloudflare:workers";
import { DEDUPE_ALARM_MS, DEDUPE_CHUNK_ROWS, DEDUPE_LATE_MS } from "../config/limits.ts";
import { systemClock } from "../kernel/clock.ts";
import type { DedupeClaim } from "../model/dedupe.ts";
import type { EventId } from "../model/ids.ts";
import { judge, type Holder } from "./claims.ts";

/** With `from`, the key passes from that event, which ended dead, if it still holds it. */
export type ClaimRequest = DedupeClaim & { readonly from?: EventId };

export class DedupeIndex extends DurableObject<Env> {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, event_id TEXT NOT NULL, at INTEGER NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID",
    );
    this.#sql.exec("CREATE INDEX IF NOT EXISTS keys_expiry ON keys (expires_at)");
  }

  /** The first event of each claim's key, in order. */
  async claim(requests: readonly ClaimRequest[], windowMs: number): Promise<EventId[]> {
    const now = systemClock();
    const firsts = requests.map((request) => this.#claim(request, windowMs, now));
    this.#removeExpired(now, 2 * requests.length);
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(now + DEDUPE_ALARM_MS);
    return firsts;
  }

  #claim(request: ClaimRequest, windowMs: number, now: number): EventId {
    const rows = this.#sql.exec<{ event_id: string; at: number }>(
      "SELECT event_id, at FROM keys WHERE key = ?",
      request.key,
    );
    const holder = ([...rows][0] as Holder | undefined) ?? null;
    const { first, takes } = judge(holder, request, windowMs, request.from ?? null);
    if (takes) {
      // A claim may come late, after a wait in the queue, so a key is kept for longer than its window.
      this.#sql.exec(
        `INSERT INTO keys (key, event_id, at, expires_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET event_id = excluded.event_id, at = excluded.at, expires_at = excluded.expires_at`,
        request.key,
        request.event_id,
        request.at,
        Math.max(now, request.at) + windowMs + DEDUPE_LATE_MS,
      );
    }
    return first;
  }

  #removeExpired(now: number, limit: number): number {
    return this.#sql.exec(
      "DELETE FROM keys WHERE key IN (SELECT key FROM keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
      now,
      limit,
    ).rowsWritten;
  }

  override async alarm(): Promise<void> {
    const now = systemClock();
    this.#removeExpired(now, DEDUPE_CHUNK_ROWS);
    const [next] = this.#sql.exec<{ at: number }>("SELECT expires_at AS at FROM keys ORDER BY expires_at LIMIT 1");
    if (next === undefined) return;
    // The rest of a large chunk is removed soon; otherwise nothing happens before the next key expires.
    await this.ctx.storage.setAlarm(next.at <= now ? now : Math.max(next.at, now + DEDUPE_ALARM_MS));
  }
}
