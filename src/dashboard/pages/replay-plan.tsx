// The plan of a bulk replay: what it would send and how long that takes. A replay can only be started from here.
import type { Hono } from "hono";
import { SECOND_MS } from "../../kernel/durations.ts";
import { newReplayId } from "../../model/ids.ts";
import { Badge } from "../components/badge.tsx";
import { deliveryHref } from "../components/delivery-href.ts";
import { Empty } from "../components/empty.tsx";
import { errorText } from "../../model/error-words.ts";
import { Inert } from "../components/inert.tsx";
import { count } from "../components/number.ts";
import { FilterTimes, filterText, readNames, paceText } from "../components/replay-run.tsx";
import { Facts, Table } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { requestBody, FIELDS, planHref, readValues, type Values } from "../forms/replay-form.ts";
import { readForm } from "../forms/submit.ts";
import { Csrf, page } from "../layout.tsx";
import type { ReplayPlan, ReplayShape } from "../shapes.ts";
import { replayForm } from "./new-replay.tsx";

async function plan(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const values = readValues((name) => c.req.query(name));
  const answer = await api.send<ReplayPlan>("POST", "/replays", { ...requestBody(values), dry_run: true });
  if (!answer.ok) return replayForm(c, values, answer.problem);
  const planned = answer.data;
  const text = filterText(planned.filter, await readNames(api, [planned.filter]));
  const change = planHref(values).replace("/plan?", "/new?");
  return page(
    c,
    {
      title: "Replay plan",
      room: "replays",
      trail: [
        ["Replays", "/replays"],
        ["New replay", change],
      ],
    },
    planned.matched === 0 && planned.matched_exact ? (
      <Empty title="Nothing to replay">
        <p>
          {text} <FilterTimes filter={planned.filter} />: no delivery matches that can be replayed now.
        </p>
        <a class="button" href={change}>
          Change filter
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
        {/* Submitting twice starts one replay. */}
        <input type="hidden" name="key" value={newReplayId(c.get("now"))} />
        <Facts
          of={[
            ["Replays", text],
            ...(from === null && to === null ? [] : ([["Times", <FilterTimes filter={planned.filter} />]] as const)),
            [
              "Number",
              <strong>
                {atLeast}
                {number}
              </strong>,
            ],
            ["Pace", `up to ${paceText(planned.rate_per_second)}`],
            [
              "Takes",
              `at least ${span(planned.estimated_seconds * SECOND_MS)}, longer if a destination has a lower rate`,
            ],
          ]}
        />
        {(planned.filter.status === "delivered" || planned.filter.status === null) && (
          <p class="notice warn">
            {planned.filter.status === null ? "Some of these may have" : "These have"} been delivered before; their
            receivers will get them again.
          </p>
        )}
        {!planned.matched_exact && (
          <p class="muted">
            A plan stops counting at about {planned.filter.status === "ignored" ? "500 events" : "25,000"}. The replay
            shows the exact number while it runs.
          </p>
        )}
        <div class="buttons">
          <button class="button primary" type="submit">
            Replay {atLeast}
            {number}
          </button>
          <a class="button" href={change}>
            Change
          </a>
          <a class="button quiet" href="/replays">
            Cancel
          </a>
        </div>
      </form>
      <section aria-labelledby="sample-title">
        <h2 id="sample-title">
          {planned.sample.length === planned.matched ? "All deliveries" : `The first ${planned.sample.length}`}
        </h2>
        <Table
          label="Sample of the deliveries"
          head={["Event", "Source", "Destination", "State", "Ended", "Last error"]}
          rows={planned.sample.map((delivery) => ({
            id: delivery.id,
            cells: [
              <a href={deliveryHref(delivery)} class="mono row-link">
                {delivery.event_id}
              </a>,
              delivery.source_slug ?? <span class="muted">published</span>,
              <Inert text={delivery.destination_slug ?? delivery.destination ?? "–"} max={128} />,
              <Badge status={delivery.status} />,
              <Time at={delivery.finished_at} />,
              <Inert
                text={
                  delivery.last_error === null ? "–" : errorText(delivery.last_error, delivery.last_response_status)
                }
                max={200}
              />,
            ],
          }))}
        />
      </section>
    </>
  );
};

async function start(c: Ctx): Promise<Response> {
  const sent = await readForm(c);
  const values = readValues((name) => sent[name]?.[0]);
  const key = sent["key"]?.[0];
  const answer = await c
    .get("api")
    .send<ReplayShape>("POST", "/replays", requestBody(values), {}, key === "" ? {} : { "idempotency-key": key });
  if (!answer.ok) return replayForm(c, values, answer.problem);
  return c.redirect(`/replays/${answer.data.id}?done=started`, 303);
}

export function mountReplayPlan(app: Hono<DashEnv>): void {
  app.get("/replays/plan", (c) => plan(c));
  app.post("/replays", (c) => start(c));
}
