// The ledger: for each source and hour, the deliveries that its events require, their outcomes, and the ids of every difference. Reads a
// bounded number of events; a cursor continues.
import type { Context, Hono } from "hono";
import * as z from "zod";
import { LEDGER_PIECE_EVENTS, MAX_LEDGER_DIFFERENCES, MAX_LEDGER_PIECES } from "../config/record-limits.ts";
import { toInstant } from "../kernel/clock.ts";
import { DAY_MS, HOUR_MS } from "../kernel/durations.ts";
import { eventIdOf, eventTime, firstKeyAt, type EventId } from "../model/ids.ts";
import { addLedgerRows, ledgerBalance, type LedgerRow, type Difference } from "../stats/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import type { Named } from "./openapi/client-types.ts";
import { pageAnswer, pageQuery, timesQuery } from "./query.ts";
import { readSlugs, ledgerPiece, strandedDeliveries, type LedgerPiece } from "../store/index.ts";

const MAX_LEDGER_EVENTS = MAX_LEDGER_PIECES * LEDGER_PIECE_EVENTS;
const eventsSchema = z.coerce.number().int().min(1).max(MAX_LEDGER_EVENTS).default(MAX_LEDGER_EVENTS);

/** Whole hours. Every event key of the range sorts before `end`. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly end: string;
}

function ledgerRange(c: Context<ApiEnv>, before: string | null, deps: ApiDeps): Range {
  const now = deps.now();
  const given = timesQuery(c);
  const to = Math.ceil((given.to ?? now + 1) / HOUR_MS) * HOUR_MS;
  const from = Math.floor((given.from ?? to - DAY_MS) / HOUR_MS) * HOUR_MS;
  if (from >= to) throw invalid("/query/from", "must be before `to`");
  // Retention has begun to remove the records of earlier hours.
  const kept = Math.ceil((now - deps.settings.retentionMs) / HOUR_MS) * HOUR_MS;
  const end = firstKeyAt("evt", to);
  return { from: Math.max(from, kept), to, end: before !== null && before < end ? before : end };
}

const hourOf = (id: EventId): number => Math.floor(eventTime(id) / HOUR_MS) * HOUR_MS;

/** @param most events to look at */
async function readPieces(db: D1Database, range: Range, most: number) {
  const pieces: LedgerPiece[] = [];
  let end = range.end;
  for (let left = most; left > 0;) {
    const inRows = Math.min(left, LEDGER_PIECE_EVENTS);
    const piece = await ledgerPiece(db, range.from, end, inRows, left);
    pieces.push(piece);
    left -= Math.max(
      inRows,
      piece.sums.reduce((sum, { events }) => sum + events, 0),
    );
    if (piece.stoppedAt === null) return { pieces, stoppedAt: null };
    end = piece.stoppedAt;
  }
  return { pieces, stoppedAt: end as EventId };
}

/** Of all databases, down to the same time: where one of them stopped, the others are read again from there. */
async function readAllPieces(
  databases: readonly D1Database[],
  range: Range,
  most: number,
): ReturnType<typeof readPieces> {
  const read = (from: number) => Promise.all(databases.map((db) => readPieces(db, { ...range, from }, most)));
  const all = await read(range.from);
  const [first, ...others] = all;
  if (first === undefined || others.length === 0) return first ?? { pieces: [], stoppedAt: null };
  const stops = all.flatMap(({ stoppedAt }) => (stoppedAt === null ? [] : [eventTime(stoppedAt) + 1]));
  const cut = stops.length === 0 ? null : Math.max(...stops);
  const shown = cut === null ? all : await read(cut);
  return {
    pieces: shown.flatMap(({ pieces }) => pieces),
    stoppedAt: cut === null ? null : (firstKeyAt("evt", cut) as EventId),
  };
}

async function readLedger(
  deps: ApiDeps,
  range: Range,
  most: number,
): Promise<{ rows: LedgerRow[]; differences: Difference[]; stoppedAt: EventId | null }> {
  if (range.from >= range.to) return { rows: [], differences: [], stoppedAt: null };
  const { pieces, stoppedAt } = await readAllPieces(deps.databases(), range, most);
  const from = stoppedAt ?? firstKeyAt("evt", range.from);
  const stranded = (await Promise.all(deps.databases().map((db) => strandedDeliveries(db, from, range.end)))).flat();
  const lone = pieces.flatMap((piece) => piece.lone);
  const differences: Difference[] = [
    ...pieces.flatMap(({ differing }) =>
      differing.map(({ id, hour, source_id, matched, found }): Difference => ({
        kind: found < matched ? "missing_delivery" : "surplus_delivery",
        hour,
        source_id,
        event: id,
        delivery: null,
        matched,
        found,
      })),
    ),
    ...stranded.map((row): Difference => ({ ...of(row), kind: "no_next_step" })),
    ...lone.filter(({ is_final }) => is_final === 0).map((row): Difference => ({ ...of(row), kind: "event_missing" })),
  ];
  const rows = addLedgerRows([
    ...pieces.flatMap(({ sums }) => sums.map(({ differing, ...sum }) => ({ ...sum, differences: differing }))),
    ...stranded.map(({ hour, source_id }) => ({ hour, source_id, differences: 1 })),
    ...lone.map(({ hour, source_id, is_final }) => ({ hour, source_id, without_event: 1, differences: 1 - is_final })),
  ]);
  return { rows, differences, stoppedAt };
}

const of = (row: {
  readonly id: LedgerPiece["lone"][number]["id"];
  readonly hour: number;
  readonly source_id: string;
}) => ({
  hour: row.hour,
  source_id: row.source_id,
  event: eventIdOf(row.id),
  delivery: row.id,
  matched: null,
  found: null,
});

export function mountLedger(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/ledger", async (c) => {
    const { before } = pageQuery(c);
    const range = ledgerRange(c, before, deps);
    const most = parse(eventsSchema, c.req.query("events"), "/query/events");
    const { rows, differences, stoppedAt } = await readLedger(deps, range, most);
    // The hour in which reading stopped belongs to the next page, unless it is the only one.
    const cut = stoppedAt === null ? null : hourOf(stoppedAt);
    const whole = cut === null ? rows : rows.filter(({ hour }) => hour > cut);
    const isPart = whole.length === 0 && cut !== null;
    const shown = isPart ? rows : whole;
    const next = isPart ? stoppedAt : cut === null ? null : firstKeyAt("evt", cut + HOUR_MS);
    const named = differences.filter(({ hour }) => isPart || cut === null || hour > cut);
    const continued = before === null ? null : hourOf(before as EventId);
    const slugs = await readSlugs(
      deps.db,
      "sources",
      [...shown, ...named].map(({ source_id }) => source_id),
    );
    const sourceOf = (id: string) => ({ source: id || null, source_slug: slugs.get(id) ?? null });
    const { data, next_cursor } = pageAnswer(
      c,
      shown.map(({ hour, source_id, differences: count, ...row }) => ({
        hour: toInstant(hour),
        ...sourceOf(source_id),
        ...row,
        difference: ledgerBalance({ hour, source_id, differences: count, ...row }),
        balanced: count === 0,
        complete: !isPart && hour !== continued,
      })),
      next,
    );
    const total = shown.reduce((sum, row) => sum + row.differences, 0);
    const ids = named.slice(0, MAX_LEDGER_DIFFERENCES);
    return c.json<Named<"Ledger">>({
      from: toInstant(range.from),
      to: toInstant(range.to),
      balanced: total === 0,
      data,
      differences: ids.map(({ hour, source_id, ...difference }) => ({
        ...difference,
        hour: toInstant(hour),
        ...sourceOf(source_id),
      })),
      differences_left_out: Math.max(0, total - ids.length),
      next_cursor,
    });
  });
}
