// How much of a destination's limits a bulk replay gets: half of them, shared by all runs that may send to it.
import { CALLBACK_RATE } from "../config/limits.ts";
import { replayShare, type Bearable, type Run } from "../model/replay.ts";

interface LimitsRow {
  readonly id: string;
  readonly rate_limit: string | null;
  readonly max_concurrency: number | null;
}

/** Two statements, for `sharesFrom`: destinations with limits, and the destinations of runs. */
export const shareStatements = (db: D1Database): readonly [D1PreparedStatement, D1PreparedStatement] => [
  db.prepare(
    `SELECT id, spec ->> '$.rate_limit' AS rate_limit, spec ->> '$.max_concurrency' AS max_concurrency FROM destinations
     WHERE rate_limit IS NOT NULL OR max_concurrency IS NOT NULL`,
  ),
  db.prepare("SELECT filter ->> '$.destination_id' AS id FROM replays WHERE status = 'running' AND collected = 0"),
];

/** Deliveries a second, by destination. @param callbacks ids of hosts of callbacks that the run reaches */
export function sharesFrom(
  [limited, running]: readonly [D1Result | undefined, D1Result | undefined],
  run: Run,
  callbacks: readonly string[] = [],
): ReadonlyMap<string, number> {
  const runs = (running?.results ?? []) as { readonly id: string | null }[];
  const share = (id: string, limits: Bearable): readonly [string, number] => [
    id,
    replayShare(limits, run.rate_per_second, runs.filter((other) => other.id === null || other.id === id).length),
  ];
  return new Map([
    ...((limited?.results ?? []) as LimitsRow[]).map((row) => share(row.id, toBearable(row))),
    ...callbacks.map((id) => share(id, { rate_limit: CALLBACK_RATE, max_concurrency: null })),
  ]);
}

const toBearable = ({ rate_limit, max_concurrency }: LimitsRow): Bearable => ({
  rate_limit: rate_limit === null ? null : (JSON.parse(rate_limit) as Bearable["rate_limit"]),
  max_concurrency,
});
