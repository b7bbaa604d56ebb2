// Dead letters by destination and error. Redriving all of a destination starts with the plan of a bulk replay; redriving selected ones, or
// those of one error, retries each. Only one page of the list is grouped at a time, so that reads stay bounded.
import type { Hono } from "hono";
import { MINUTE_MS } from "../../kernel/durations.ts";
import { ApiProblem, type Api, type ProblemBody } from "../api-client.ts";
import { ChoiceFilter, readChoices } from "../components/choice.tsx";
import { confirmed } from "../components/confirm.tsx";
import { Empty } from "../components/empty.tsx";
import { errorsOf, ProblemNotice } from "../components/fields.tsx";
import { Filters } from "../components/filters.tsx";
import { LetterGroups } from "../components/letter-groups.tsx";
import { Pager } from "../components/pager.tsx";
import { filterText, readNames, type Names, RunBadge, RunBar, RunLegend } from "../components/replay-run.tsx";
import { TypeFilter } from "../components/type-cell.tsx";
import { each } from "../each.ts";
import type { Ctx, DashEnv } from "../deps.ts";
import { readForm } from "../forms/submit.ts";
import { page } from "../layout.tsx";
import { localPath } from "../security.ts";
import type { DeliveryShape, List, ReplayShape } from "../shapes.ts";

/** Dead letters on a page: a hundred take three quarters longer than none. */
const PAGE = 50;
/** How many of the latest replays are searched for redrives that run or have just ended. */
const LATEST_RUNS = 20;
const JUST_MS = 10 * MINUTE_MS;

/** Replays of dead letters that are running or ended a moment ago. */
async function redrives(api: Api, now: number, destination: string | null): Promise<readonly ReplayShape[]> {
  const runs = await api.get<List<ReplayShape>>("/replays", { limit: LATEST_RUNS });
  return runs.data.filter(
    ({ status, finished_at, filter }) =>
      (filter.status === null || filter.status === "dead") &&
      (status === "running" || now - Date.parse(finished_at ?? "") < JUST_MS) &&
      (destination === null || filter.destination === null || filter.destination === destination),
  );
}

const Redrives = ({ runs, names }: { runs: readonly ReplayShape[]; names: Names }) => (
  <div id="redrives" data-live data-poll={runs.some(({ status }) => status === "running") ? "" : undefined}>
    {runs.map((run) => {
      const text = filterText(run.filter, names);
      return (
        <section class="card" aria-label={text}>
          <div class="heading">
            <h2>
              <a href={`/replays/${run.id}`}>{text}</a>
            </h2>
            <RunBadge run={run} />
          </div>
          <RunBar run={run} label={`Redrive: ${text}`} />
          <RunLegend run={run} />
        </section>
      );
    })}
  </div>
);

async function list(c: Ctx, problem: ProblemBody | null = null, notice: string | null = null): Promise<Response> {
  const api = c.get("api");
  const given = c.req.query("destination") || undefined;
  const cursor = c.req.query("cursor");
  const type = c.req.query("type")?.trim() || undefined;
  const query = { status: "dead", limit: PAGE, destination: given, type, cursor };
  const [answer, destinations] = await Promise.all([
    api.send<List<DeliveryShape>>("GET", "/deliveries", undefined, query),
    readChoices(api, "/destinations", given),
  ]);
  if (!answer.ok && answer.status !== 422) throw new ApiProblem(answer.problem);
  const letters = answer.ok ? answer.data : { data: [], next_cursor: null };
  const errors = errorsOf(answer.ok ? null : answer.problem);
  const runs = await redrives(api, c.get("now"), destinations.id ?? given ?? null);
  const names = await readNames(
    api,
    runs.map(({ filter }) => filter),
  );
  const none = letters.data.length === 0 && letters.next_cursor === null && cursor === undefined && type === undefined;
  const whole = letters.next_cursor === null && cursor === undefined && type === undefined;
  return page(
    c,
    { title: "Dead letters", room: "dead-letters", live: cursor === undefined },
    <>
      <ProblemNotice problem={problem} />
      {notice !== null && (
        <p class="notice warn" role="status">
          {notice}
        </p>
      )}
      <Filters c={c} clear={["destination", "type"]}>
        <ChoiceFilter of="Destination" choices={destinations} errors={errors} />
        <TypeFilter value={type} errors={errors} />
      </Filters>
      <Redrives runs={runs} names={names} />
      <div id="letters" data-live>
        {none && answer.ok ? (
          <Empty title="No dead letters">
            <p>
              A delivery becomes a dead letter when its attempts or its maximum age are used up, or when the receiver
              refuses it for good. Dead letters can be redriven here.
            </p>
          </Empty>
        ) : (
          <LetterGroups c={c} letters={letters.data} whole={whole} />
        )}
        <Pager
          c={c}
          next={letters.next_cursor}
          shown={letters.data.length}
          what="dead letters"
          error={errors("/query/cursor")}
        />
      </div>
    </>,
    problem === null && answer.ok ? 200 : 422,
  );
}

const readIds = (given: readonly string[] | undefined): string[] =>
  [...new Set(given)].filter((id) => /^dlv_[0-9a-z]+$/.test(id)).slice(0, PAGE);

async function act(c: Ctx): Promise<Response> {
  const form = await readForm(c);
  const [what] = form["do"] ?? [];
  const back = localPath(form["back"]?.[0]) ?? "/dead-letters";
  const ids = readIds(what === "redrive-group" ? form["group"] : form["id"]);
  if (ids.length === 0) return list(c, null, "Nothing was selected.");
  if (what === "discard") {
    const asked = await confirmed(c, {
      title: "Discard dead letters?",
      text: `${ids.length === 1 ? "This delivery" : `These ${ids.length} deliveries`} will be cancelled and removed from this list. The events stay on record.`,
      label: ids.length === 1 ? "Discard" : `Discard ${ids.length}`,
      back,
      room: "dead-letters",
    });
    if (asked !== null) return asked;
  }
  const step = what === "discard" ? "cancel" : "retry";
  const answers = await each(ids, (id) => c.get("api").send("POST", `/deliveries/${id}/${step}`));
  const refused = answers.find((answer) => !answer.ok);
  const failed = answers.filter((answer) => !answer.ok).length;
  if (refused !== undefined && !refused.ok && failed === ids.length) return list(c, refused.problem);
  if (failed > 0)
    return list(
      c,
      null,
      `${ids.length - failed} done; ${failed} skipped because they are no longer dead or are being sent.`,
    );
  return c.redirect(`${back}${back.includes("?") ? "&" : "?"}done=${step === "cancel" ? "discarded" : "retried"}`, 303);
}

export function mountDeadLetters(app: Hono<DashEnv>): void {
  app.get("/dead-letters", (c) => list(c));
  app.post("/dead-letters", (c) => act(c));
}
