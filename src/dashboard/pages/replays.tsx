// Bulk replays: the list, and one replay with its progress.
import type { Hono } from "hono";
import { SECOND_MS } from "../../kernel/durations.ts";
import { ApiProblem } from "../api-client.ts";
import { confirmed, DangerButton } from "../components/confirm.tsx";
import { Empty } from "../components/empty.tsx";
import { count } from "../components/number.ts";
import { Pager } from "../components/pager.tsx";
import {
  FilterTimes,
  filterText,
  matchedText,
  readNames,
  paceText,
  RunBadge,
  RunBar,
  RunLegend,
  progress,
} from "../components/replay-run.tsx";
import { Facts, Table } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { page } from "../layout.tsx";
import type { List, ReplayShape } from "../shapes.ts";
import { planHref } from "../forms/replay-form.ts";

/** Small, because each replay may need three name lookups. */
const PAGE = 25;
/** The remaining time is estimated after a replay has run this long. */
const SPEED_AFTER_MS = 5 * SECOND_MS;

const NewReplay = () => (
  <a class="button primary" href="/replays/new">
    New replay
  </a>
);

async function list(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const cursor = c.req.query("cursor");
  const runs = await api.get<List<ReplayShape>>("/replays", { limit: PAGE, cursor });
  const names = await readNames(
    api,
    runs.data.map(({ filter }) => filter),
  );
  const none = runs.data.length === 0 && cursor === undefined;
  return page(
    c,
    {
      title: "Replays",
      room: "replays",
      live: cursor === undefined,
      actions: none ? undefined : <NewReplay />,
    },
    <div id="replays" data-live data-poll={runs.data.some(({ status }) => status === "running") ? "" : undefined}>
      {none ? (
        <Empty title="No replays yet">
          <p>
            A replay sends matching deliveries again at a pace that you set, for example the dead letters of a
            destination that has recovered, or everything it received before it lost data. You see a plan before
            anything is sent.
          </p>
          <div class="buttons">
            <NewReplay />
            <a class="button" href="/dead-letters">
              View dead letters
            </a>
          </div>
        </Empty>
      ) : (
        <Table
          label="Replays"
          head={["Deliveries", "Status", "Progress", "Pace", "Started", ""]}
          numeric={[3]}
          rows={runs.data.map((run) => {
            const text = filterText(run.filter, names);
            return {
              id: run.id,
              cells: [
                <span>
                  <a href={`/replays/${run.id}`}>{text}</a>
                  <span class="muted aside">
                    <FilterTimes filter={run.filter} />
                  </span>
                </span>,
                <RunBadge run={run} />,
                <div class="run-cell">
                  <RunBar run={run} label={text} />
                  <span class="aside">
                    {matchedText(run)} matched, {count(run.queued)} queued, {count(run.done)} done, {count(run.failed)}{" "}
                    failed
                  </span>
                </div>,
                `${run.rate_per_second}/s`,
                <Time at={run.created_at} />,
                run.status === "running" ? null : <Again run={run} text={text} />,
              ],
            };
          })}
        />
      )}
      <Pager c={c} next={runs.next_cursor} shown={runs.data.length} what="replays" />
    </div>,
  );
}

/** Leads to the plan, which sends nothing before it is confirmed. */
const Again = ({ run, text }: { run: ReplayShape; text: string }) => (
  <a class="button quiet" href={planHref({ ...run.filter, rate_per_second: run.rate_per_second })} data-retry>
    Replay again<span class="visually-hidden"> {text}</span>
  </a>
);

/** Remaining time, extrapolated from the progress so far; null while it is too early to tell. */
function remainingMs(run: ReplayShape, now: number): number | null {
  const { ended, total } = progress(run);
  const elapsed = now - Date.parse(run.created_at);
  return run.status !== "running" || ended === 0 || elapsed < SPEED_AFTER_MS
    ? null
    : ((total - ended) / ended) * elapsed;
}

async function show(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const run = await api.get<ReplayShape>(`/replays/${encodeURIComponent(c.req.param("id") ?? "")}`);
  const text = filterText(run.filter, await readNames(api, [run.filter]));
  const running = run.status === "running";
  const remaining = remainingMs(run, c.get("now"));
  return page(
    c,
    { title: text, room: "replays", trail: [["Replays", "/replays"]], live: true },
    <>
      <div class="card" id="run" data-live data-poll={running ? "" : undefined}>
        <div class="heading">
          <RunBadge run={run} />
          <span class="muted">
            {run.status === "done"
              ? run.queued === 0
                ? "no deliveries were left to send"
                : "everything that was queued has ended"
              : remaining !== null && `about ${span(remaining)} remaining`}
          </span>
          <div class="actions">
            {running ? (
              <DangerButton
                c={c}
                action={`/replays/${run.id}/cancel`}
                label="Cancel"
                what="the replay"
                ask="Cancel this replay? Deliveries that are already queued are still attempted."
              />
            ) : (
              <Again run={run} text={text} />
            )}
          </div>
        </div>
        <RunBar run={run} label="Progress" />
        <RunLegend run={run} />
        <Facts
          of={[
            ["Matched", matchedText(run)],
            ["Queued", count(run.queued)],
            ["Delivered", count(run.done)],
            ["Failed again", failures(run)],
            ["Pace", paceText(run.rate_per_second)],
            ...(run.filter.from === null && run.filter.to === null
              ? []
              : ([["Times", <FilterTimes filter={run.filter} />]] as const)),
            ["Started", <Time at={run.created_at} />],
            ["Ended", <Time at={run.finished_at} />],
            ["Replay", <code>{run.id}</code>],
          ]}
        />
        {run.status === "done" && run.matched > run.queued && (
          <p class="muted">
            {count(run.matched - run.queued)} matching deliveries were not queued: they had been retried elsewhere, or
            their destination or connection was deleted.
          </p>
        )}
      </div>
      {running && (
        <noscript>
          <a class="button" href={`/replays/${run.id}`}>
            Refresh
          </a>
        </noscript>
      )}
    </>,
  );
}

const failures = (run: ReplayShape) =>
  run.failed === 0 ? (
    "0"
  ) : (
    <>
      {count(run.failed)} ·{" "}
      <a
        href={run.filter.destination === null ? "/dead-letters" : `/dead-letters?destination=${run.filter.destination}`}
      >
        dead letters
      </a>
    </>
  );

async function cancel(c: Ctx): Promise<Response> {
  const here = `/replays/${encodeURIComponent(c.req.param("id") ?? "")}`;
  const asked = await confirmed(c, {
    title: "Cancel this replay?",
    text: "Deliveries that are already queued, a few seconds' worth, are still attempted. The others stay as they are.",
    label: "Cancel replay",
    back: here,
    room: "replays",
  });
  if (asked !== null) return asked;
  const answer = await c.get("api").send("POST", `${here}/cancel`);
  if (!answer.ok) throw new ApiProblem(answer.problem);
  return c.redirect(`${here}?done=stopped`, 303);
}

export function mountReplays(app: Hono<DashEnv>): void {
  app.get("/replays", (c) => list(c));
  app.get("/replays/:id", (c) => show(c));
  app.post("/replays/:id/cancel", (c) => cancel(c));
}
