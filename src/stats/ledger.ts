// Adds pieces of the ledger up to hours and sources. Pure.

export interface LedgerRow {
  /** Milliseconds since the epoch. */
  readonly hour: number;
  /** Empty for none. */
  readonly source_id: string;
  readonly events: number;
  readonly duplicates: number;
  readonly ignored: number;
  readonly matched: number;
  readonly delivered: number;
  readonly dead: number;
  readonly cancelled: number;
  readonly in_flight: number;
  readonly replays: number;
  readonly without_event: number;
  /** Events and deliveries that do not balance. */
  readonly differences: number;
}

export interface Difference {
  readonly kind: "missing_delivery" | "surplus_delivery" | "no_next_step" | "event_missing";
  readonly hour: number;
  readonly source_id: string;
  readonly event: string;
  /** Null for an event. */
  readonly delivery: string | null;
  /** Deliveries that the event made, and those on record; null for a delivery. */
  readonly matched: number | null;
  readonly found: number | null;
}

const NOTHING = {
  events: 0,
  duplicates: 0,
  ignored: 0,
  matched: 0,
  delivered: 0,
  dead: 0,
  cancelled: 0,
  in_flight: 0,
  replays: 0,
  without_event: 0,
  differences: 0,
};
type Sums = typeof NOTHING;

/** The latest hour first, then by source. */
export function addLedgerRows(rows: readonly (Pick<LedgerRow, "hour" | "source_id"> & Partial<Sums>)[]): LedgerRow[] {
  const ledger = new Map<string, Pick<LedgerRow, "hour" | "source_id"> & Sums>();
  for (const row of rows) {
    const key = `${row.hour} ${row.source_id}`;
    const sum = ledger.get(key) ?? { hour: row.hour, source_id: row.source_id, ...NOTHING };
    for (const name of Object.keys(NOTHING) as (keyof Sums)[]) sum[name] += row[name] ?? 0;
    ledger.set(key, sum);
  }
  return [...ledger.values()].sort((a, b) => b.hour - a.hour || (a.source_id < b.source_id ? -1 : 1));
}

/** Deliveries owed minus deliveries accounted for: 0 when the ledger balances. */
export const ledgerBalance = ({ matched, delivered, dead, cancelled, in_flight }: LedgerRow): number =>
  matched - delivered - dead - cancelled - in_flight;
