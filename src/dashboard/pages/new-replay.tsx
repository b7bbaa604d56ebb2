// A new bulk replay: a filter and a pace, then the plan of what that would send, and only from there the start.
import type { Hono } from "hono";
import { DEFAULT_REPLAY_RATE, MAX_REPLAY_RATE } from "../../config/limits.ts";
import { SECOND_MS } from "../../kernel/durations.ts";
import { newReplayId } from "../../model/ids.ts";
import { allOf } from "../all-of.ts";
import type { ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { Empty } from "../components/empty.tsx";
import { errorsOf, Field, ProblemNotice, Select } from "../components/fields.tsx";
import { Inert } from "../components/inert.tsx";
import { count } from "../components/number.ts";
import { FilterTimes, filterText, namesOf, paceText } from "../components/replay-run.tsx";
import { Facts, Table } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { readForm } from "../forms/submit.ts";
import { Csrf, page } from "../layout.tsx";
import type { ConnectionShape, DestinationShape, ReplayPlan, ReplayShape, SourceShape } from "../shapes.ts";

const FILTER = ["status", "source", "destination", "connection", "event", "from", "to"] as const;
const FIELDS = [...FILTER, "rate_per_second"] as const;
/** The status that the API knows as none. */
const BOTH = "any";

type Values = Readonly<Partial<Record<(typeof FIELDS)[number], string>>>;

/** Where the plan of a replay is shown. A status that is null stands for dead and delivered ones. */
export function planHref(values: Readonly<Partial<Record<(typeof FIELDS)[number], string | number | null>>>): string {
  const query = new URLSearchParams({ status: BOTH });
  for (const name of FIELDS) {
    const value = values[name] ?? "";
    if (value !== "") query.set(name, String(value));
  }
  return `/replays/plan?${query.toString()}`;
}

/** Dead letters, unless it is said otherwise: of all that can be sent again they are what was not received. */
const valuesOf = (given: (name: string) => string | undefined): Values => ({
  status: "dead",
  ...Object.fromEntries(FIELDS.map((name) => [name, given(name)?.trim()]).filter(([, value]) => value)),
});

/** What is no number goes on as it is: the API says what is wrong with it. */
function bodyOf({ status, rate_per_second: rate, ...filter }: Values): Readonly<Record<string, unknown>> {
  return {
    ...filter,
    ...(status === BOTH ? {} : { status }),
    ...(rate === undefined ? {} : { rate_per_second: /^\d+(\.\d+)?$/.test(rate) ? Number(rate) : rate }),
  };
}

/** The choices of a list, and what is chosen among them, given by id or slug; also where it is not, or no longer, in the list. */
function choices(
  all: readonly { readonly id: string; readonly name: string; readonly slug?: string }[],
  given: string | undefined,
) {
  const known = all.find(({ id, slug }) => given !== undefined && (id === given || slug === given));
  const options = all.map(({ id, name }) => [id, name] as const);
  return {
    value: known?.id ?? given,
    options: [["", "All"] as const, ...options, ...(known === undefined && given ? [[given, given] as const] : [])],
  };
}

async function form(c: Ctx, values: Values, problem: ProblemBody | null = null): Promise<Response> {
  const api = c.get("api");
  const [sources, destinations, connections] = await Promise.all([
    allOf<SourceShape>(api, "/sources"),
    allOf<DestinationShape>(api, "/destinations"),
    allOf<ConnectionShape>(api, "/connections"),
  ]);
  const errors = errorsOf(problem);
  return page(
    c,
    { title: "New replay", room: "replays", trail: [["Replays", "/replays"]] },
    <form class="card narrow" method="get" action="/replays/plan">
      <ProblemNotice problem={problem} />
      <p>
        Whatever fits all of these is sent again. A dead letter gets all its attempts anew; of the others a further
        delivery is made. The plan comes first.
      </p>
      <div class="row">
        <Select
          label="Which deliveries"
          name="status"
          value={values.status}
          error={errors("/status")}
          options={[
            ["dead", "Dead letters"],
            ["delivered", "Delivered"],
            ["cancelled", "Cancelled"],
            [BOTH, "Dead and delivered"],
          ]}
        />
        <Select
          label="To destination"
          name="destination"
          error={errors("/destination")}
          {...choices(destinations, values.destination)}
        />
        <Select label="From source" name="source" error={errors("/source")} {...choices(sources, values.source)} />
        <Select
          label="Over connection"
          name="connection"
          error={errors("/connection")}
          {...choices(connections, values.connection)}
        />
        <Field
          label="Events from (UTC)"
          name="from"
          value={values.from}
          error={errors("/from")}
          placeholder="2026-11-24T12:00:00Z"
        />
        <Field
          label="Events to (UTC)"
          name="to"
          value={values.to}
          error={errors("/to")}
          placeholder="2026-11-24T13:00:00Z"
        />
        <Field
          label="Of one event (id)"
          name="event"
          value={values.event}
          error={errors("/event")}
          placeholder="evt_…"
        />
        <Field
          label="Deliveries a second"
          name="rate_per_second"
          value={values.rate_per_second ?? DEFAULT_REPLAY_RATE}
          error={errors("/rate_per_second")}
          hint={`At most ${MAX_REPLAY_RATE}. A destination with limits of its own gets half of what it can bear.`}
          inputmode="decimal"
        />
      </div>
      <div class="buttons">
        <button class="button primary" type="submit">
          Show the plan
        </button>
        <a class="button quiet" href="/replays">
          Cancel
        </a>
      </div>
    </form>,
    problem === null ? 200 : 422,
  );
}

async function plan(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const values = valuesOf((name) => c.req.query(name));
  const answer = await api.send<ReplayPlan>("POST", "/replays", { ...bodyOf(values), dry_run: true });
  if (!answer.ok) return form(c, values, answer.problem);
  const planned = answer.data;
  const text = filterText(planned.filter, await namesOf(api, [planned.filter]));
  const change = planHref(values).replace("/plan?", "/new?");
  return page(
    c,
    {
      title: "The plan",
      room: "replays",
      trail: [
        ["Replays", "/replays"],
        ["New replay", change],
      ],
    },
    planned.matched === 0 && planned.matched_exact ? (
      <Empty title="Nothing to send again">
        <p>{text}: there is none that could be sent again now.</p>
        <a class="button" href={change}>
          Change the filter
        </a>
      </Empty>
    ) : (
      <Plan c={c} planned={planned} values={values} text={text} change={change} />
    ),
  );
}

const Plan = ({
  c,
  planned,
  values,
  text,
  change,
}: {
  c: Ctx;
  planned: ReplayPlan;
  values: Values;
  text: string;
  change: string;
}) => {
  const atLeast = planned.matched_exact ? "" : "at least ";
  const number = planned.matched === 1 ? "1 delivery" : `${count(planned.matched)} deliveries`;
  const { from, to } = planned.filter;
  return (
    <>
      <form class="card" method="post" action="/replays" id="plan">
        <Csrf c={c} />
        {FIELDS.map((name) =>
          values[name] === undefined ? null : <input type="hidden" name={name} value={values[name]} />,
        )}
        {/* Pressed twice, it starts once. */}
        <input type="hidden" name="key" value={newReplayId(c.get("now"))} />
        <Facts
          of={[
            ["Sends again", text],
            ...(from === null && to === null ? [] : ([["Times", <FilterTimes filter={planned.filter} />]] as const)),
            [
              "How many",
              <strong>
                {atLeast}
                {number}
              </strong>,
            ],
            ["Pace", `${paceText(planned.rate_per_second)} at most`],
            [
              "Takes",
              `at least ${span(planned.estimated_seconds * SECOND_MS)}, longer where a destination can bear less`,
            ],
          ]}
        />
        {planned.filter.status !== "dead" && planned.filter.status !== "cancelled" && (
          <p class="notice warn">
            {planned.filter.status === null ? "Some of them may have" : "They have"} been delivered before: their
            receivers get them once more.
          </p>
        )}
        {!planned.matched_exact && (
          <p class="muted">A plan stops counting at some 25,000; the run tells the exact number as it goes.</p>
        )}
        <div class="buttons">
          <button class="button primary" type="submit">
            Send {atLeast}
            {number} again
          </button>
          <a class="button" href={change}>
            Change it
          </a>
          <a class="button quiet" href="/replays">
            Leave it
          </a>
        </div>
      </form>
      <section aria-labelledby="sample-title">
        <h2 id="sample-title">
          {planned.sample.length === planned.matched ? "All of them" : `The first ${planned.sample.length}`}
        </h2>
        <Table
          label="Some of the deliveries"
          head={["Event", "Source", "Destination", "State", "Ended", "Last error"]}
          rows={planned.sample.map((delivery) => ({
            id: delivery.id,
            cells: [
              <a href={`/events/${delivery.event_id}#${delivery.id}`} class="mono">
                {delivery.event_id}
              </a>,
              delivery.source_slug ?? <span class="muted">published</span>,
              <Inert text={delivery.destination_slug ?? delivery.destination ?? "–"} max={128} />,
              <Badge status={delivery.status} />,
              <Time at={delivery.finished_at} />,
              <Inert text={delivery.last_error?.replaceAll("_", " ") ?? "–"} max={200} />,
            ],
          }))}
        />
      </section>
    </>
  );
};

async function start(c: Ctx): Promise<Response> {
  const sent = await readForm(c);
  const values = valuesOf((name) => sent[name]?.[0]);
  const key = sent["key"]?.[0];
  const answer = await c
    .get("api")
    .send<ReplayShape>("POST", "/replays", bodyOf(values), {}, key === "" ? undefined : key);
  if (!answer.ok) return form(c, values, answer.problem);
  return c.redirect(`/replays/${answer.data.id}?done=started`, 303);
}

export function mountNewReplay(app: Hono<DashEnv>): void {
  app.get("/replays/new", (c) =>
    form(
      c,
      valuesOf((name) => c.req.query(name)),
    ),
  );
  app.get("/replays/plan", (c) => plan(c));
  app.post("/replays", (c) => start(c));
}
