// Events, newest first and live, filtered by source, type, status, time and text, with a histogram.
import type { Hono } from "hono";
import { MINUTE_MS } from "../../kernel/durations.ts";
import { ApiProblem, type Answer } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { ChoiceFilter, readChoices } from "../components/choice.tsx";
import { Empty } from "../components/empty.tsx";
import { byId } from "../components/delivery-href.ts";
import { errorsOf, Field, Select } from "../components/fields.tsx";
import { Filters, MoreFilters } from "../components/filters.tsx";
import { FOUND, Histogram, readOverTime, type OverTime } from "../components/histogram.tsx";
import { Inert } from "../components/inert.tsx";
import { bytes } from "../components/number.ts";
import { Pager } from "../components/pager.tsx";
import { requestLine } from "../components/request-line.ts";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import { fieldNames, pinned, Ranges, readTimes, TIME_NAMES, TimeFields, type Times } from "../components/times.tsx";
import { TrySource } from "../components/try-source.tsx";
import { TypeCell, TypeFilter } from "../components/type-cell.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import type { EventShape, List, SourceShape } from "../shapes.ts";

const FILTERS = ["source", "type", "status"];
const MOST_FOUND_BARS = 60;
const STATUSES = ["in_progress", "delivered", "dead", "ignored", "cancelled"];
const NARROWING = ["q", "source", "type", "status", ...TIME_NAMES];
/** Events on a page: with twice as many it takes half as long again as an empty one. */
const PAGE = 20;
/** The API reads a bounded number of events per page; a search reads at most this many pages before it shows an empty one. */
const SEARCHED_PAGES = 8;

const row = (c: Ctx, event: EventShape) => ({
  id: event.id,
  cells: [
    <a class="row-link" href={`/events/${event.id}`}>
      <Time at={event.received_at} />
    </a>,
    <Inert text={event.source_slug ?? event.source ?? "published"} max={64} />,
    <TypeCell c={c} type={event.event_type} what="events" />,
    <code class="line">
      <Inert text={requestLine(event)} max={120} ltr />
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
          <TrySource source={source} />
        </>
      )}
    </Empty>
  );
};

/** A search is counted as far as the page shows what it has found: bodies are not read again. */
function foundOverTime(events: readonly EventShape[], now: number): OverTime | null {
  const [newest, oldest] = [events[0], events.at(-1)];
  if (newest === undefined || oldest === undefined) return null;
  const from = Date.parse(oldest.received_at);
  const step = Math.max(MINUTE_MS, Math.ceil((now - from) / MOST_FOUND_BARS / MINUTE_MS) * MINUTE_MS);
  const first = Math.floor(from / step) * step;
  const bars = Array.from({ length: Math.floor((now - first) / step) + 1 }, (_, index) => ({
    from: new Date(first + index * step).toISOString(),
    to: new Date(first + (index + 1) * step).toISOString(),
    values: [events.filter((one) => Math.floor((Date.parse(one.received_at) - first) / step) === index).length],
  }));
  return { series: [{ label: "found", tone: "info" }], bars, countedFrom: null, note: FOUND };
}

async function readEvents(c: Ctx, q: string, times: Times): Promise<Answer<List<EventShape>>> {
  const api = c.get("api");
  const query = Object.fromEntries(FILTERS.map((name) => [name, c.req.query(name)]));
  let cursor = c.req.query("cursor");
  for (let turn = 1; ; turn++) {
    const answer = await api.send<List<EventShape>>("GET", "/events", undefined, {
      ...query,
      from: times.from,
      to: times.to,
      search: q,
      // What lies with the bodies is not shown, and takes a read of R2 for each batch.
      content: q === "" ? "false" : undefined,
      cursor,
      limit: PAGE,
    });
    const { data, next_cursor: next } = answer.ok ? answer.data : { data: [], next_cursor: null };
    if (next === null || data.length > 0 || turn === (q === "" ? 1 : SEARCHED_PAGES)) return answer;
    cursor = next;
  }
}

async function list(c: Ctx): Promise<Response> {
  const q = c.req.query("q")?.trim() ?? "";
  const found = byId(q);
  if (found !== null) return c.redirect(found, 303);
  const times = readTimes(c);
  const filters = Object.fromEntries(FILTERS.map((name) => [name, c.req.query(name)]));
  const [answer, sources, counted] = await Promise.all([
    readEvents(c, q, times),
    readChoices<SourceShape>(c.get("api"), "/sources", c.req.query("source")),
    q === "" ? readOverTime(c, "events", filters, times) : null,
  ]);
  if (!answer.ok && answer.status !== 422) throw new ApiProblem(answer.problem);
  const errors = errorsOf(answer.ok ? null : answer.problem);
  const events = answer.ok ? answer.data : { data: [], next_cursor: null };
  const narrowed = [...NARROWING, "cursor"].some((name) => (c.req.query(name) ?? "") !== "");
  const overTime = q === "" ? counted : foundOverTime(events.data, c.get("now"));
  return page(
    c,
    { title: "Events", room: "events", live: answer.ok && c.req.query("cursor") === undefined },
    <>
      <Filters c={c} clear={NARROWING}>
        <Field
          label="Search"
          placeholder="ID, source, path, header, body"
          name="q"
          type="search"
          value={q}
          error={errors("/query/search")}
        />
        <ChoiceFilter of="Source" choices={sources} errors={errors} />
        <TypeFilter value={c.req.query("type")} errors={errors} />
        <Select
          label="Status"
          name="status"
          value={c.req.query("status")}
          error={errors("/query/status")}
          options={[["", "All"], ...STATUSES.map((status) => [status, status.replace("_", " ")] as const)]}
        />
        <MoreFilters c={c} names={fieldNames(times)}>
          <TimeFields times={times} errors={errors} />
        </MoreFilters>
      </Filters>
      <Ranges c={c} times={times} />
      <div id="histogram" data-live>
        {answer.ok && overTime !== null && <Histogram c={c} label="Events" of={overTime} times={times} />}
      </div>
      <div id="events" data-live>
        {events.data.length === 0 && !narrowed ? (
          <NothingYet sources={sources.suggested} />
        ) : (
          <Table
            label="Events"
            head={["Received", "Source", "Type", "Request", "Size", "Status"]}
            numeric={[4]}
            compact
            rows={events.data.map((event) => row(c, event))}
          />
        )}
        {answer.ok && events.data.length === 0 && narrowed && events.next_cursor === null && (
          <p class="muted">No matching events.</p>
        )}
        <Pager
          c={c}
          next={events.next_cursor}
          shown={events.data.length}
          what="events"
          pin={pinned(times)}
          error={errors("/query/cursor")}
        />
      </div>
    </>,
    answer.ok ? 200 : 422,
  );
}

export function mountEvents(app: Hono<DashEnv>): void {
  app.get("/events", (c) => list(c));
}
