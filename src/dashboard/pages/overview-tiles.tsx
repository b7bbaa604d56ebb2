// The figures at the top of the overview.
import { MAX_COUNTED_DEAD } from "../../config/record-limits.ts";
import { MINUTE_MS } from "../../kernel/durations.ts";
import { Badge } from "../components/badge.tsx";
import { bytes, percent, short, upTo } from "../components/number.ts";
import { Tile } from "../components/table.tsx";
import { span } from "../components/time.tsx";
import type { Ledger, Queues, StatsSeries } from "../shapes.ts";

/** The tile covers the latest events only; the ledger's page covers all. */
export const LEDGER_EVENTS = 50;

/** Share of delivered among all that ended; null if none has ended. */
export const successRate = ({ delivered, dead }: { delivered: number; dead: number }): number | null =>
  delivered + dead === 0 ? null : delivered / (delivered + dead);

export const Tiles = ({
  totals,
  ledger,
  queues,
  length,
}: {
  totals: StatsSeries["totals"];
  ledger: Ledger | null;
  queues: Queues | null;
  /** Of the range, in milliseconds. */
  length: number;
}) => {
  const refused = totals.rejected ?? 0;
  const requests = totals.accepted + refused;
  return (
    <div class="tiles">
      <Tile
        name="Events accepted"
        value={short(totals.accepted)}
        aside={`${Number((totals.accepted / (length / MINUTE_MS)).toPrecision(3))} per minute, ${bytes(totals.bytes_in)}`}
      />
      <Tile
        name="Refused"
        value={short(refused)}
        aside={
          refused === 0 ? (
            "none in this period"
          ) : (
            <>
              {percent(refused / requests)} of requests. <a href="/refused">Why</a>
            </>
          )
        }
      />
      <Tile
        name="Success rate"
        value={percent(successRate(totals))}
        aside={`${short(totals.delivered)} delivered, ${short(totals.failed_attempts)} failed attempts`}
      />
      <Tile
        name="Delivery latency"
        value={span(totals.latency_ms.p50)}
        aside={`p95 ${span(totals.latency_ms.p95)}, p99 ${span(totals.latency_ms.p99)}`}
      />
      <Tile name="Died" value={short(totals.dead)} aside="deliveries, in this period" />
      {queues !== null && (
        <Tile
          name="Still dead"
          value={upTo(queues.dead_letters, MAX_COUNTED_DEAD)}
          aside={queues.dead_letters === 0 ? "none now" : <a href="/dead-letters">Redrive or discard</a>}
        />
      )}
      <Tile
        name="Skipped or cancelled"
        value={short((totals.ignored ?? 0) + (totals.duplicates ?? 0) + totals.cancelled)}
        aside={`${short(totals.ignored ?? 0)} ignored, ${short(totals.duplicates ?? 0)} duplicates, ${short(totals.cancelled)} cancelled`}
      />
      {ledger !== null && (
        <Tile
          name="Ledger"
          value={
            ledger.balanced ? <Badge status="ok" label="balanced" /> : <Badge status="firing" label="not balanced" />
          }
          aside={
            <>
              latest {LEDGER_EVENTS} events; <a href="/ledger">ledger by the hour</a>
            </>
          }
        />
      )}
    </div>
  );
};
