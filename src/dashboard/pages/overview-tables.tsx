// The tables of the overview: destinations and sources, the worst first, then the busiest; queues.
import { MAX_LISTED_DEAD } from "../../config/record-limits.ts";
import { Badge } from "../components/badge.tsx";
import { Sparkline } from "../components/chart.tsx";
import { Inert } from "../components/inert.tsx";
import { bytes, count, percent, short, upTo } from "../components/number.ts";
import { Table } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { DestinationShape, List, Queues, SourceShape, Stats } from "../shapes.ts";
import { Database } from "./database.tsx";
import { successRate } from "./overview-tiles.tsx";

const pace = ({ state, rate_limit: limit, max_concurrency: most }: DestinationShape): string => {
  if (state?.rate_per_second != null) return `${state.rate_per_second} / s${state.throttled ? ", reduced" : ""}`;
  if (limit != null) return `${limit.limit} / ${limit.period_seconds === 1 ? "" : `${limit.period_seconds} `}s`;
  return most == null ? "unlimited" : `${most} concurrent`;
};

export const DestinationTable = ({ of, stats }: { of: List<DestinationShape>; stats: Stats | null }) => {
  const series = new Map(stats?.series.map((one) => [one.destination, one]) ?? []);
  return (
    <section class="card" aria-labelledby="destinations-title">
      <h2 id="destinations-title">Destinations</h2>
      <Table
        label="Destinations"
        head={["Destination", "State", "Deliveries", "Delivered", "Success", "Latency p95", "Still dead", "Pace"]}
        numeric={[3, 4, 5, 6]}
        rows={of.data.map((destination) => {
          const own = series.get(destination.id);
          return {
            id: destination.id,
            cells: [
              <a href={`/destinations/${destination.slug}`}>
                <Inert text={destination.name} max={128} />
              </a>,
              <Badge status={destination.health ?? "unknown"} />,
              <Sparkline
                values={own?.points.map((point) => point.delivered + point.dead) ?? []}
                label={`${own?.totals.deliveries ?? 0} deliveries to ${destination.name} over time`}
              />,
              short(own?.totals.delivered ?? 0),
              own === undefined ? "–" : percent(successRate(own.totals)),
              span(own?.totals.latency_ms.p95),
              upTo(destination.dead ?? 0, MAX_LISTED_DEAD),
              pace(destination),
            ],
          };
        })}
      />
      {of.next_cursor !== null && (
        <p>
          <a href="/destinations">All destinations</a>
        </p>
      )}
    </section>
  );
};

export const SourceTable = ({ of }: { of: List<SourceShape> }) => (
  <section class="card" aria-labelledby="sources-title">
    <h2 id="sources-title">Sources</h2>
    <Table
      label="Sources"
      head={["Source", "State", "Accepted in 15 min", "Refused in 24 h"]}
      numeric={[2, 3]}
      rows={of.data.map((source) => ({
        id: source.id,
        cells: [
          <a href={`/sources/${source.slug}`}>
            <Inert text={source.name} max={128} />
          </a>,
          <Badge status={source.health ?? "unknown"} />,
          count(source.recent?.accepted ?? 0),
          (source.last_day?.refused ?? 0) === 0 ? (
            "0"
          ) : (
            <a href={`/refused?source=${source.slug}`}>{count(source.last_day?.refused)}</a>
          ),
        ],
      }))}
    />
    {of.next_cursor !== null && (
      <p>
        <a href="/sources">All sources</a>
      </p>
    )}
  </section>
);

export const QueueTable = ({ queues }: { queues: Queues }) => (
  <section class="card" aria-labelledby="queues-title">
    <h2 id="queues-title">Queues</h2>
    <Table
      label="Queues"
      head={["Queue", "Messages", "Size", "Oldest"]}
      numeric={[1, 2]}
      rows={queues.queues.map((queue) => ({
        id: `queue-${queue.name}`,
        cells: [
          queue.name,
          count(queue.backlog_count),
          bytes(queue.backlog_bytes),
          <Time at={queue.oldest_message_at} kind="ago" />,
        ],
      }))}
    />
    <p class="muted">
      Database: <Database {...queues} />
    </p>
  </section>
);
