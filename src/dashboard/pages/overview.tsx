// The overview: throughput, success, latency and backlog. Every figure comes from counters or bounded reads.
import type { Hono } from "hono";
import { MAX_ALERTS } from "../../config/limits.ts";
import { HOUR_MS, MINUTE_MS, DAY_MS } from "../../kernel/durations.ts";
import { Badge } from "../components/badge.tsx";
import { Bars, Sparkline } from "../components/chart.tsx";
import { sampleCommand } from "../components/curl.ts";
import { Copyable, Empty } from "../components/empty.tsx";
import { count, percent, short, bytes } from "../components/number.ts";
import { Table } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import { Attention } from "./attention.tsx";
import { Database } from "./database.tsx";
import { stateOf } from "./health.tsx";
import type { Child } from "hono/jsx";
import type {
  AlertShape,
  DestinationState,
  Ledger,
  List,
  Queues,
  DestinationShape,
  SourceShape,
  Stats,
  StatsSeries,
} from "../shapes.ts";

const RANGES = {
  "1h": ["1 hour", HOUR_MS, "2m"],
  "24h": ["24 hours", DAY_MS, "1h"],
  "7d": ["7 days", 7 * DAY_MS, "6h"],
  "30d": ["30 days", 30 * DAY_MS, "1d"],
} as const satisfies Record<string, readonly [string, number, string]>;
/** The tile covers the latest events only; the ledger's page covers all. */
const LEDGER_EVENTS = 100;

type RangeName = keyof typeof RANGES;

const isRange = (text: string | undefined): text is RangeName => text !== undefined && Object.hasOwn(RANGES, text);

const Tile = ({ name, value, aside }: { name: string; value: Child; aside?: Child }) => (
  <div class="tile">
    <div class="name">{name}</div>
    <div class="value">{value}</div>
    {aside !== undefined && <div class="aside">{aside}</div>}
  </div>
);

/** Share of delivered among all that ended; null if none has ended. */
const successRate = ({ delivered, dead }: { delivered: number; dead: number }): number | null =>
  delivered + dead === 0 ? null : delivered / (delivered + dead);

const Tiles = ({
  totals,
  ledger,
  length,
}: {
  totals: StatsSeries["totals"];
  ledger: Ledger | null;
  length: number;
}) => (
  <div class="tiles">
    <Tile
      name="Events accepted"
      value={short(totals.accepted)}
      aside={`${Number((totals.accepted / (length / MINUTE_MS)).toPrecision(3))} per minute, ${bytes(totals.bytes_in)}`}
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
    <Tile
      name="Dead letters"
      value={short(totals.dead)}
      aside={totals.dead === 0 ? "none in this period" : <a href="/dead-letters">View</a>}
    />
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
            latest {LEDGER_EVENTS} events; <a href="/ledger">full ledger</a>
          </>
        }
      />
    )}
  </div>
);

const QueueTable = ({ queues }: { queues: Queues }) => (
  <section class="card" aria-labelledby="queues-title">
    <h2 id="queues-title">Queues</h2>
    <Table
      label="Queues"
      head={["Queue", "Waiting", "Size", "Oldest"]}
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
      Database: <Database database={queues.database} />
    </p>
  </section>
);

const pace = (destination: DestinationShape, state: DestinationState | undefined): string => {
  if (state?.rate_per_second != null) return `${state.rate_per_second} / s${state.throttled ? ", reduced" : ""}`;
  const { rate_limit: limit, max_concurrency: most } = destination;
  if (limit != null) return `${limit.limit} / ${limit.period_seconds === 1 ? "" : `${limit.period_seconds} `}s`;
  return most == null ? "unlimited" : `${most} concurrent`;
};

const stateFor = (
  { paused }: DestinationShape,
  state: DestinationState | undefined,
  series: StatsSeries | undefined,
): string =>
  state !== undefined
    ? stateOf(paused, { ...state, success_rate: recentSuccessRate(series) })
    : paused
      ? "paused"
      : "unknown";

/** Success rate in the latest interval with attempts. */
function recentSuccessRate(series: StatsSeries | undefined): number | null {
  const last = series?.points.findLast((point) => point.attempts > 0);
  return last === undefined ? null : 1 - last.failed_attempts / last.attempts;
}

const DestinationTable = ({
  destinations,
  stats,
  states,
}: {
  destinations: List<DestinationShape>;
  stats: Stats | null;
  states: ReadonlyMap<string, DestinationState>;
}) => {
  const series = new Map(stats?.series.map((one) => [one.destination, one]) ?? []);
  return (
    <section class="card" aria-labelledby="destinations-title">
      <h2 id="destinations-title">Destinations</h2>
      <Table
        label="Destinations"
        head={["Destination", "State", "Deliveries", "Delivered", "Success", "Latency p95", "Pace"]}
        numeric={[3, 4, 5]}
        rows={destinations.data.map((destination) => {
          const own = series.get(destination.id);
          return {
            id: destination.id,
            cells: [
              <a href={`/destinations/${destination.slug}`}>{destination.name}</a>,
              <Badge status={stateFor(destination, states.get(destination.id), own)} />,
              <Sparkline
                values={own?.points.map((point) => point.delivered + point.dead) ?? []}
                label={`${own?.totals.deliveries ?? 0} deliveries to ${destination.name} over time`}
              />,
              short(own?.totals.delivered ?? 0),
              own === undefined ? "–" : percent(successRate(own.totals)),
              span(own?.totals.latency_ms.p95),
              pace(destination, states.get(destination.id)),
            ],
          };
        })}
      />
      {destinations.next_cursor !== null && (
        <p>
          <a href="/destinations">All destinations</a>
        </p>
      )}
    </section>
  );
};

const FirstSteps = ({
  c,
  sources,
  destinations,
}: {
  c: Ctx;
  sources: readonly SourceShape[];
  destinations: readonly DestinationShape[];
}) => {
  const [source] = sources;
  const url = source?.url ?? `${new URL(c.req.url).origin}/in/{source}`;
  return (
    <Empty title="Your first delivery in three steps">
      <ol>
        <li>
          {source === undefined ? <a href="/sources/new">Create a source</a> : <>Source {source.name} exists</>}: the
          URL that receives webhooks.
        </li>
        <li>
          {destinations.length === 0 ? <a href="/destinations/new">Create a destination</a> : "A destination exists"}:
          your API, and the rate that it can handle.
        </li>
        <li>
          <a href="/connections/new">Connect the two</a>, then send an event:
        </li>
      </ol>
      <Copyable label="command that sends an event" text={sampleCommand(url)} />
    </Empty>
  );
};

async function overview(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const given = c.req.query("range");
  const range: RangeName = isRange(given) ? given : "24h";
  const [, length, interval] = RANGES[range];
  const from = new Date(c.get("now") - length).toISOString();
  const [stats, queues, ledger, destinations, sources, alerts] = await Promise.all([
    api.find<Stats>("/stats", { from, interval, group_by: "destination" }),
    api.find<Queues>("/queues"),
    api.find<Ledger>("/ledger", { events: LEDGER_EVENTS }),
    api.get<List<DestinationShape>>("/destinations", { limit: 25, expand: "state" }),
    api.get<List<SourceShape>>("/sources", { limit: 1 }),
    api.find<List<AlertShape>>("/alerts", { limit: MAX_ALERTS }),
  ]);
  const all = stats?.overall;
  const isNew = sources.data.length === 0 || destinations.data.length === 0 || all?.totals.accepted === 0;
  const states = new Map(destinations.data.flatMap((one) => (one.state === undefined ? [] : [[one.id, one.state]])));
  return page(
    c,
    {
      title: "Overview",
      room: "overview",
      live: true,
      actions: (
        <nav class="buttons" aria-label="Time range">
          {Object.entries(RANGES).map(([name, [label]]) => (
            <a class="button" href={`/?range=${name}`} aria-current={name === range ? "true" : undefined}>
              {label}
            </a>
          ))}
        </nav>
      ),
    },
    <div id="overview" data-live>
      <Attention alerts={alerts?.data ?? []} />
      {isNew && <FirstSteps c={c} sources={sources.data} destinations={destinations.data} />}
      {all != null && stats !== null && (
        <>
          <Tiles totals={all.totals} ledger={ledger} length={length} />
          <Bars
            label="Deliveries"
            select="/events"
            series={[
              { label: "delivered", tone: "ok" },
              { label: "failed attempts", tone: "warn" },
              { label: "dead", tone: "bad" },
            ]}
            bars={all.points.map((point) => ({
              from: point.at,
              to: new Date(Date.parse(point.at) + stats.interval_seconds * 1_000).toISOString(),
              values: [point.delivered, point.failed_attempts, point.dead],
            }))}
          />
        </>
      )}
      {destinations.data.length > 0 && <DestinationTable destinations={destinations} stats={stats} states={states} />}
      {queues !== null && <QueueTable queues={queues} />}
    </div>,
  );
}

export function mountOverview(app: Hono<DashEnv>): void {
  app.get("/", (c) => overview(c));
}
