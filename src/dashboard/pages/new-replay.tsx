// The form of a new bulk replay: a filter and a pace, leading to the plan.
import type { Hono } from "hono";
import { DEFAULT_REPLAY_RATE, MAX_REPLAY_RATE } from "../../config/record-limits.ts";
import { readAll } from "../read-all.ts";
import type { ProblemBody } from "../api-client.ts";
import { errorsOf, Field, ProblemNotice, Select } from "../components/fields.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { BOTH, readValues, type Values } from "../forms/replay-form.ts";
import { page } from "../layout.tsx";
import type { ConnectionShape, DestinationShape, SourceShape } from "../shapes.ts";

/** Options of a select and the selected one, given by id or slug. A selected id that is not in the list is added. */
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

/** @param problem the API's problem with these values */
export async function replayForm(c: Ctx, values: Values, problem: ProblemBody | null = null): Promise<Response> {
  const api = c.get("api");
  const [sources, destinations, connections] = await Promise.all([
    readAll<SourceShape>(api, "/sources"),
    readAll<DestinationShape>(api, "/destinations"),
    readAll<ConnectionShape>(api, "/connections"),
  ]);
  const errors = errorsOf(problem);
  return page(
    c,
    { title: "New replay", room: "replays", trail: [["Replays", "/replays"]] },
    <form class="card narrow" method="get" action="/replays/plan">
      <ProblemNotice problem={problem} />
      <p>
        Deliveries that match all of these are sent again. Dead letters get all their attempts again; for the others,
        new deliveries are created. You see a plan before anything is sent.
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
            [BOTH, "Dead and delivered"],
          ]}
        />
        <Select
          label="Destination"
          name="destination"
          error={errors("/destination")}
          {...choices(destinations, values.destination)}
        />
        <Select label="Source" name="source" error={errors("/source")} {...choices(sources, values.source)} />
        <Select
          label="Connection"
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
