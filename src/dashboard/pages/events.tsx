// Events: newest first, live, narrowed by source, state and time.
import type { Hono } from "hono";
import { Badge } from "../components/badge.tsx";
import { Copyable, Empty } from "../components/empty.tsx";
import { Field, Select } from "../components/fields.tsx";
import { Filters } from "../components/filters.tsx";
import { Inert } from "../components/inert.tsx";
import { bytes } from "../components/number.ts";
import { Pager } from "../components/pager.tsx";
import { requestLine } from "../components/request-line.ts";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import { byId } from "./event.tsx";
import type { EventShape, List, SourceShape } from "../shapes.ts";

const STATUSES = ["accepted", "in_progress", "delivered", "dead", "ignored", "cancelled"];
const NARROWING = ["source", "status", "from", "to"];

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
    <span class="number">{bytes(event.body_bytes)}</span>,
    <Badge status={event.duplicate_of === null ? event.status : "duplicate"} />,
  ],
});

const NothingYet = ({ c, sources }: { c: Ctx; sources: readonly SourceShape[] }) => {
  const [source] = sources;
  return source === undefined ? (
    <Empty title="No events yet">
      <p>
        Events come in through a source. <a href="/sources/new">Create the first one</a>.
      </p>
    </Empty>
  ) : (
    <Empty title="No events yet">
      <p>Send a first one to {source.name}:</p>
      <Copyable
        label="command that sends an event"
        text={`curl ${new URL(c.req.url).origin}/in/${source.slug} -H "content-type: application/json" -d '{"hello": "sluice"}'`}
      />
    </Empty>
  );
};

async function list(c: Ctx): Promise<Response> {
  const q = c.req.query("q")?.trim() ?? "";
  const found = byId(q);
  if (found !== null) return c.redirect(found, 303);
  const api = c.get("api");
  const query = Object.fromEntries([...NARROWING, "cursor"].map((name) => [name, c.req.query(name)]));
  const [events, sources] = await Promise.all([
    api.get<List<EventShape>>("/events", query),
    api.get<List<SourceShape>>("/sources", { limit: 200 }),
  ]);
  const narrowed = [...NARROWING, "cursor"].some((name) => (c.req.query(name) ?? "") !== "");
  return page(
    c,
    { title: "Events", room: "events", live: c.req.query("cursor") === undefined },
    <>
      <Filters c={c} clear={NARROWING}>
        <Select
          label="Source"
          name="source"
          value={c.req.query("source")}
          options={[["", "All"], ...sources.data.map((source) => [source.slug, source.name] as const)]}
        />
        <Select label="Status" name="status" value={c.req.query("status")} options={[["", "All"], ...STATUSES]} />
        <Field label="From" name="from" value={c.req.query("from")} placeholder="2026-11-24T12:00:00Z" />
        <Field label="To" name="to" value={c.req.query("to")} placeholder="2026-11-24T13:00:00Z" />
      </Filters>
      <div id="events" data-live>
        {events.data.length === 0 && !narrowed ? (
          <NothingYet c={c} sources={sources.data} />
        ) : (
          <Table
            label="Events"
            head={["Received", "Source", "Request", "Size", "Status"]}
            numeric={[3]}
            rows={events.data.map(row)}
          />
        )}
        {events.data.length === 0 && narrowed && <p class="muted">No event fits.</p>}
        <Pager c={c} next={events.next_cursor} shown={events.data.length} what="events" />
      </div>
    </>,
  );
}

export function mountEvents(app: Hono<DashEnv>): void {
  app.get("/events", (c) => list(c));
}
