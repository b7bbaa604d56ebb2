// The overview: what needs attention, throughput, success, latency and backlog. Every figure comes from counters or bounded reads.
import type { Hono } from "hono";
import { MAX_ALERTS } from "../../config/limits.ts";
import { HOUR_MS, DAY_MS, SECOND_MS } from "../../kernel/durations.ts";
import { Bars } from "../components/chart.tsx";
import { sampleCommand } from "../components/curl.ts";
import { Copyable, Empty } from "../components/empty.tsx";
import { span } from "../components/time.tsx";
import { TrySource } from "../components/try-source.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import type { AlertShape, Ledger, List, Queues, DestinationShape, SourceShape, Stats } from "../shapes.ts";
import { Attention } from "./attention.tsx";
import { AttemptsChart } from "./destination-activity.tsx";
import { DestinationTable, QueueTable, SourceTable } from "./overview-tables.tsx";
import { LEDGER_EVENTS, Tiles } from "./overview-tiles.tsx";

const RANGES = {
  "1h": ["1 hour", HOUR_MS, "2m"],
  "24h": ["24 hours", DAY_MS, "1h"],
  // In hours it would be summed from 2,000 counters where there are ten destinations.
  "7d": ["7 days", 7 * DAY_MS, "1d"],
  "30d": ["30 days", 30 * DAY_MS, "1d"],
} as const satisfies Record<string, readonly [string, number, string]>;
/** How many of each the page shows; each destination with limits costs a call to its gate. */
const DESTINATIONS = 20;
const SOURCES = 10;

type RangeName = keyof typeof RANGES;

const isRange = (text: string | undefined): text is RangeName => text !== undefined && Object.hasOwn(RANGES, text);

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
  const url = `${new URL(c.req.url).origin}/in/{source}`;
  return (
    <Empty title="Your first delivery">
      <p>
        <a class="button primary" href="/connect">
          Connect a provider
        </a>
      </p>
      <p>Or step by step:</p>
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
      {source === undefined ? (
        <Copyable label="command that sends an event" text={sampleCommand(url)} />
      ) : (
        <TrySource source={source} />
      )}
    </Empty>
  );
};

/** Deliveries that ended, and attempts: two units, so two charts. */
const Charts = ({ stats, overall }: { stats: Stats; overall: NonNullable<Stats["overall"]> }) => (
  <div class="columns">
    <Bars
      label="Deliveries that ended"
      aside={`per ${span(stats.interval_seconds * SECOND_MS)}`}
      select="/events"
      series={[
        { label: "delivered", tone: "ok" },
        { label: "dead", tone: "bad" },
      ]}
      bars={overall.points.map((point) => ({
        from: point.at,
        to: new Date(Date.parse(point.at) + stats.interval_seconds * SECOND_MS).toISOString(),
        values: [point.delivered, point.dead],
      }))}
    />
    <AttemptsChart stats={stats} select="/events" />
  </div>
);

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
    api.get<List<DestinationShape>>("/destinations", { limit: DESTINATIONS, order: "health", expand: "state" }),
    api.get<List<SourceShape>>("/sources", { limit: SOURCES, order: "health", expand: "health" }),
    api.find<List<AlertShape>>("/alerts", { limit: MAX_ALERTS }),
  ]);
  const overall = stats?.overall ?? null;
  const isNew = sources.data.length === 0 || destinations.data.length === 0 || overall?.totals.accepted === 0;
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
      <Attention alerts={alerts?.data ?? []} sources={sources.data} destinations={destinations.data} />
      {isNew && <FirstSteps c={c} sources={sources.data} destinations={destinations.data} />}
      {overall !== null && <Tiles totals={overall.totals} ledger={ledger} queues={queues} length={length} />}
      {overall !== null && stats !== null && <Charts stats={stats} overall={overall} />}
      {destinations.data.length > 0 && <DestinationTable of={destinations} stats={stats} />}
      {sources.data.length > 0 && <SourceTable of={sources} />}
      {queues !== null && <QueueTable queues={queues} />}
    </div>,
  );
}

export function mountOverview(app: Hono<DashEnv>): void {
  app.get("/", (c) => overview(c));
}
