// The form of a new bulk replay: a filter and a pace, leading to the plan.
import type { Hono } from "hono";
import { DEFAULT_REPLAY_RATE, MAX_REPLAY_RATE } from "../../config/record-limits.ts";
import type { ProblemBody } from "../api-client.ts";
import { Choice, readChoices } from "../components/choice.tsx";
import { errorsOf, Field, ProblemNotice, Select } from "../components/fields.tsx";
import { TimeFields } from "../components/times.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { BOTH, readValues, type Values } from "../forms/replay-form.ts";
import { page } from "../layout.tsx";

/** @param problem the API's problem with these values */
export async function replayForm(c: Ctx, values: Values, problem: ProblemBody | null = null): Promise<Response> {
  const api = c.get("api");
  const [sources, destinations, connections] = await Promise.all([
    readChoices(api, "/sources", values.source),
    readChoices(api, "/destinations", values.destination),
    readChoices(api, "/connections", values.connection),
  ]);
  const errors = errorsOf(problem);
  return page(
    c,
    { title: "New replay", room: "replays", trail: [["Replays", "/replays"]] },
    <form class="card narrow" method="get" action="/replays/plan" data-keeps="">
      <ProblemNotice problem={problem} />
      <p>
        Deliveries that match all of these are sent again. Dead letters get all their attempts again; for the others,
        new deliveries are created. Events that no connection took are delivered over the connections that take them
        now. You see a plan before anything is sent.
      </p>
      <div class="row">
        <Select
          label="Deliveries"
          name="status"
          value={values.status}
          error={errors("/status")}
          options={[
            ["dead", "Dead letters"],
            ["delivered", "Delivered"],
            ["cancelled", "Cancelled"],
            ["ignored", "Of events that no connection took"],
            [BOTH, "Dead and delivered"],
          ]}
        />
        {(
          [
            ["Destination", "destination", destinations],
            ["Source", "source", sources],
            ["Connection", "connection", connections],
          ] as const
        ).map(([label, name, choices]) => (
          <Choice label={label} name={name} choices={choices} error={errors(`/${name}`)} placeholder="All" />
        ))}
        <TimeFields times={{ from: values.from, to: values.to, range: null }} errors={errors} under="" of="Events" />
        <Field
          label="Type of event"
          name="type"
          value={values.type}
          error={errors("/type")}
          placeholder="invoice.paid"
        />
        <Field
          label="Cause (dead letters only)"
          name="cause"
          value={values.cause}
          error={errors("/cause")}
          placeholder="timeout or status_500"
        />
        <Field label="Event (ID)" name="event" value={values.event} error={errors("/event")} placeholder="evt_…" />
        <Field
          label="Deliveries per second"
          name="rate_per_second"
          value={values.rate_per_second ?? DEFAULT_REPLAY_RATE}
          error={errors("/rate_per_second")}
          hint={`At most ${MAX_REPLAY_RATE}. A destination with limits gets at most half of its own rate.`}
          inputmode="decimal"
        />
      </div>
      <div class="buttons">
        <button class="button primary" type="submit">
          Show plan
        </button>
        <a class="button quiet" href="/replays">
          Cancel
        </a>
      </div>
    </form>,
    problem === null ? 200 : 422,
  );
}

export function mountNewReplay(app: Hono<DashEnv>): void {
  app.get("/replays/new", (c) =>
    replayForm(
      c,
      readValues((name) => c.req.query(name)),
    ),
  );
}
