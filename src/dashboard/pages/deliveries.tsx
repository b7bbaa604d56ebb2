// Deliveries, newest first and live, by destination, source, connection, state, response, error, cause, type and time, with their histogram. Each view is a URL.
import type { Hono } from "hono";
import { CANCEL_REASONS, DEAD_REASONS, ERROR_CODES } from "../../model/delivery.ts";
import { STATUS_FILTERS } from "../../model/lifecycle.ts";
import { ApiProblem } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { ChoiceFilter, readChoices } from "../components/choice.tsx";
import { deliveryHref } from "../components/delivery-href.ts";
import { Empty } from "../components/empty.tsx";
import { outcomeText } from "../../model/error-words.ts";
import { errorsOf, Field, Select } from "../components/fields.tsx";
import { Filters, MoreFilters } from "../components/filters.tsx";
import { Histogram, readOverTime } from "../components/histogram.tsx";
import { Inert } from "../components/inert.tsx";
import { NextAttempt } from "../components/next-attempt.tsx";
import { here, Pager } from "../components/pager.tsx";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import { fieldNames, NO_TIMES, pinned, Ranges, readTimes, TIME_NAMES, TimeFields } from "../components/times.tsx";
import { TypeCell, TypeFilter } from "../components/type-cell.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import type { DeliveryShape, List } from "../shapes.ts";

const MORE = ["connection", "event", "response_status", "error", "cause"] as const;
const FILTERS = ["destination", "source", "status", "type", ...MORE] as const;
const VIEWS = [
  ["All", null],
  ["Failing now", "retrying"],
  ["Waiting", "waiting"],
  ["Held", "held"],
  ["Dead", "dead"],
  ["Delivered", "delivered"],
] as const;
const PAGE = 20;

/** What came of the latest attempt. */
function outcome({ last_response_status: status, last_error: error }: DeliveryShape) {
  const text = outcomeText(error, status);
  return text === "" ? <span class="muted">–</span> : <Inert text={text} max={80} />;
}

const Next = ({ delivery }: { delivery: DeliveryShape }) =>
  delivery.next_attempt_at === null ? <Time at={delivery.finished_at} /> : <NextAttempt of={delivery} />;

const row = (c: Ctx, delivery: DeliveryShape) => ({
  id: delivery.id,
  cells: [
    <a class="row-link" href={deliveryHref(delivery)}>
      <Time at={delivery.created_at} />
    </a>,
    <TypeCell c={c} type={delivery.event_type} what="deliveries" />,
    <Inert text={delivery.destination_slug ?? delivery.destination ?? "deleted"} max={64} />,
    <Inert text={delivery.source_slug ?? delivery.source ?? "published"} max={64} />,
    String(delivery.attempts_made),
    outcome(delivery),
    <Next delivery={delivery} />,
    <Badge status={delivery.status} />,
  ],
});

type Filters = Readonly<Record<(typeof FILTERS)[number], string | undefined>>;

const Views = ({ c, status }: { c: Ctx; status: string | undefined }) => (
  <nav class="tabs" aria-label="Views">
    {VIEWS.map(([label, view]) => (
      <a href={here(c, { status: view, cursor: null })} aria-current={(status || null) === view ? "page" : undefined}>
        {label}
      </a>
    ))}
  </nav>
);

async function list(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const filters = Object.fromEntries(FILTERS.map((name) => [name, c.req.query(name)?.trim()])) as Filters;
  const times = readTimes(c);
  const [answer, destinations, sources, connections, overTime] = await Promise.all([
    // One page of the API, though it may be empty: the page as a whole reads a bounded number of rows.
    api.send<List<DeliveryShape>>("GET", "/deliveries", undefined, {
      ...filters,
      from: times.from,
      to: times.to,
      cursor: c.req.query("cursor"),
      limit: PAGE,
    }),
    readChoices(api, "/destinations", filters.destination),
    readChoices(api, "/sources", filters.source),
    readChoices(api, "/connections", filters.connection),
    readOverTime(c, "deliveries", filters, times),
  ]);
  if (!answer.ok && answer.status !== 422) throw new ApiProblem(answer.problem);
  const errors = errorsOf(answer.ok ? null : answer.problem);
  const { data, next_cursor: next } = answer.ok ? answer.data : { data: [], next_cursor: null };
  const narrowed = [...FILTERS, ...TIME_NAMES, "cursor"].some((name) => (c.req.query(name) ?? "") !== "");
  return page(
    c,
    { title: "Deliveries", room: "deliveries", live: answer.ok && c.req.query("cursor") === undefined },
    <>
      <Views c={c} status={filters.status} />
      <Filters c={c} clear={[...FILTERS, ...TIME_NAMES]}>
        <ChoiceFilter of="Destination" choices={destinations} errors={errors} />
        <ChoiceFilter of="Source" choices={sources} errors={errors} />
        <TypeFilter value={filters.type} errors={errors} />
        <Select
          label="Status"
          name="status"
          value={filters.status}
          error={errors("/query/status")}
          options={[
            ["", "All"],
            ...STATUS_FILTERS.map((status) => [status, status === "waiting" ? "waiting (any)" : status] as const),
          ]}
        />
        <MoreFilters c={c} names={[...MORE, ...fieldNames(times)]}>
          <ChoiceFilter of="Connection" choices={connections} errors={errors} />
          <Field label="Event" name="event" value={filters.event} error={errors("/query/event")} placeholder="evt_…" />
          <Field
            label="HTTP status"
            name="response_status"
            inputmode="numeric"
            value={filters.response_status}
            error={errors("/query/response_status")}
            placeholder="503"
          />
          <Field
            label="Error"
            name="error"
            value={filters.error}
            error={errors("/query/error")}
            placeholder="timeout"
            list="errors"
          />
          <datalist id="errors">
            {[...ERROR_CODES, ...DEAD_REASONS, ...CANCEL_REASONS].map((code) => (
              <option value={code} />
            ))}
          </datalist>
          <Field
            label="Cause of an issue"
            name="cause"
            value={filters.cause}
            error={errors("/query/cause")}
            placeholder="status_503"
          />
          <TimeFields times={times} errors={errors} />
        </MoreFilters>
      </Filters>
      <Ranges c={c} times={times} />
      <div id="histogram" data-live>
        {answer.ok && overTime !== null && <Histogram c={c} label="Deliveries" of={overTime} times={times} />}
      </div>
      <div id="deliveries" data-live>
        {data.length === 0 && !narrowed ? (
          <Empty title="No deliveries yet">
            <p>
              A delivery is one event on its way to one destination. Events become deliveries over the{" "}
              <a href="/connections">connections</a> of their source.
            </p>
          </Empty>
        ) : (
          <Table
            label="Deliveries"
            head={["Received", "Type", "Destination", "Source", "Attempts", "Last outcome", "Next or ended", "Status"]}
            numeric={[4]}
            compact
            rows={data.map((delivery) => row(c, delivery))}
          />
        )}
        {answer.ok && data.length === 0 && narrowed && next === null && (
          <p class="muted">
            No matching deliveries.{" "}
            {(times.from !== undefined || times.to !== undefined) && (
              <a href={here(c, { ...NO_TIMES, cursor: null })}>Look at any time</a>
            )}
          </p>
        )}
        <Pager
          c={c}
          next={next}
          shown={data.length}
          what="deliveries"
          pin={pinned(times)}
          error={errors("/query/cursor")}
        />
      </div>
    </>,
    answer.ok ? 200 : 422,
  );
}

export function mountDeliveries(app: Hono<DashEnv>): void {
  app.get("/deliveries", (c) => list(c));
}
