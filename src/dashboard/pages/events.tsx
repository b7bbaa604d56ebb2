// Events, newest first and live, filtered by source, status, time and text, with a histogram.
import type { Hono } from "hono";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../kernel/durations.ts";
import { ApiProblem, type Answer } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { Bars } from "../components/chart.tsx";
import { sampleCommand } from "../components/curl.ts";
import { Copyable, Empty } from "../components/empty.tsx";
import { errorsOf, Field, Select } from "../components/fields.tsx";
import { Filters } from "../components/filters.tsx";
import { Inert } from "../components/inert.tsx";
import { bytes } from "../components/number.ts";
import { here, Pager } from "../components/pager.tsx";
import { parseInstant, intervalFor } from "../components/range.ts";
import { requestLine } from "../components/request-line.ts";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import type { EventShape, List, SourceShape, Stats } from "../shapes.ts";
import { byId } from "./event.tsx";

const STATUSES = ["in_progress", "delivered", "dead", "ignored", "cancelled"];
const NARROWING = ["q", "source", "status", "from", "to"];
const RANGES = [
  ["15 min", 15 * MINUTE_MS],
  ["1 h", HOUR_MS],
  ["24 h", DAY_MS],
  ["7 d", 7 * DAY_MS],
] as const;
/** The API reads a bounded number of events per page; a search reads at most this many pages before it shows an empty one. */
const SEARCHED_PAGES = 8;

const row = (event: EventShape) => ({
  id: event.id,
  cells: [
    <a href={`/events/${event.id}`}>
      <Time at={event.received_at} />
    </a>,
    <Inert text={event.source_slug ?? event.source ?? "published"} max={64} />,
    <code class="line">
      <Inert text={requestLine(event)} max={120} />
    </code>,
    bytes(event.body_bytes),
    <Badge status={event.duplicate_of === null ? event.status : "duplicate"} />,
  ],
});

const NothingYet = ({ sources }: { sources: readonly SourceShape[] }) => {
  const [source] = sources;
  return (
    <Empty title="No events yet">
      {source === undefined ? (
        <p>
          Events arrive through a source. <a href="/sources/new">Create the first one</a>.
        </p>
      ) : (
        <>
          <p>Send the first one to {source.name}:</p>
          <Copyable label="command that sends an event" text={sampleCommand(source.url)} />
        </>
      )}
    </Empty>
  );
};

const Histogram = ({ stats, select }: { stats: Stats; select: string }) => (
  <Bars
    label="Events"
    select={select}
    series={[{ label: "accepted", tone: "info" }]}
    bars={(stats.series[0]?.points ?? []).map((point) => ({
      from: point.at,
      to: new Date(Date.parse(point.at) + stats.interval_seconds * SECOND_MS).toISOString(),
      values: [point.accepted],
    }))}
  />
);

async function readEvents(c: Ctx, q: string): Promise<Answer<List<EventShape>>> {
  const api = c.get("api");
  const query = Object.fromEntries(["source", "status", "from", "to"].map((name) => [name, c.req.query(name)]));
  let cursor = c.req.query("cursor");
  for (let turn = 1; ; turn++) {
    const answer = await api.send<List<EventShape>>("GET", "/events", undefined, { ...query, search: q, cursor });
    const { data, next_cursor: next } = answer.ok ? answer.data : { data: [], next_cursor: null };
    if (next === null || data.length > 0 || turn === SEARCHED_PAGES) return answer;
    cursor = next;
  }
}

async function readStats(c: Ctx): Promise<Stats | null> {
  const now = c.get("now");
  const to = parseInstant(c.req.query("to")) ?? now;
  const from = parseInstant(c.req.query("from")) ?? to - DAY_MS;
  if (from >= to) return null;
  const answer = await c.get("api").send<Stats>("GET", "/stats", undefined, {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    interval: intervalFor(to - from),
    source: c.req.query("source"),
  });
  return answer.ok ? answer.data : null;
}

async function list(c: Ctx): Promise<Response> {
  const q = c.req.query("q")?.trim() ?? "";
  const found = byId(q);
  if (found !== null) return c.redirect(found, 303);
  const [answer, sources, stats] = await Promise.all([
    readEvents(c, q),
    c.get("api").get<List<SourceShape>>("/sources", { limit: 200 }),
    readStats(c),
  ]);
  if (!answer.ok && answer.status !== 422) throw new ApiProblem(answer.problem);
  const errors = errorsOf(answer.ok ? null : answer.problem);
  const events = answer.ok ? answer.data : { data: [], next_cursor: null };
  const narrowed = [...NARROWING, "cursor"].some((name) => (c.req.query(name) ?? "") !== "");
  const since = (ms: number): string =>
    here(c, { from: new Date(c.get("now") - ms).toISOString(), to: null, cursor: null });
  return page(
    c,
    { title: "Events", room: "events", live: answer.ok && c.req.query("cursor") === undefined },
    <>
      <Filters c={c} clear={NARROWING}>
        <Field
          label="ID, source, path, header or body text"
          name="q"
          type="search"
          value={q}
          error={errors("/query/search")}
        />
        <Select
          label="Source"
          name="source"
          value={c.req.query("source")}
          error={errors("/query/source")}
          options={[["", "All"], ...sources.data.map((source) => [source.slug, source.name] as const)]}
        />
        <Select
          label="Status"
          name="status"
          value={c.req.query("status")}
          error={errors("/query/status")}
          options={[["", "All"], ...STATUSES.map((status) => [status, status.replace("_", " ")] as const)]}
        />
        <Field
          label="From (UTC)"
          name="from"
          value={c.req.query("from")}
          error={errors("/query/from")}
          placeholder="2026-11-24T12:00:00Z"
        />
        <Field
          label="To (UTC)"
          name="to"
          value={c.req.query("to")}
          error={errors("/query/to")}
          placeholder="2026-11-24T13:00:00Z"
        />
      </Filters>
      <nav class="buttons ranges" aria-label="Time range">
        {RANGES.map(([label, ms]) => (
          <a class="button quiet" href={since(ms)}>
            {label}
          </a>
        ))}
      </nav>
      <div id="histogram" data-live>
        {stats !== null && <Histogram stats={stats} select={here(c, { from: null, to: null, cursor: null })} />}
      </div>
      <div id="events" data-live>
        {events.data.length === 0 && !narrowed ? (
          <NothingYet sources={sources.data} />
        ) : (
          <Table
            label="Events"
            head={["Received", "Source", "Request", "Size", "Status"]}
            numeric={[3]}
            rows={events.data.map(row)}
          />
        )}
        {answer.ok && events.data.length === 0 && narrowed && events.next_cursor === null && (
          <p class="muted">No matching events.</p>
        )}
        <Pager c={c} next={events.next_cursor} shown={events.data.length} what="events" />
      </div>
    </>,
    answer.ok ? 200 : 422,
  );
}

export function mountEvents(app: Hono<DashEnv>): void {
  app.get("/events", (c) => list(c));
}
