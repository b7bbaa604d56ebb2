// Issues: what keeps failing, by destination and cause. The list, one issue with its affected deliveries, and the decisions about it.
import type { Hono } from "hono";
import { DAY_MS, HOUR_MS } from "../../kernel/durations.ts";
import { ISSUE_STATUSES } from "../../model/issue.ts";
import { ApiProblem, type ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { ChoiceFilter, readChoices } from "../components/choice.tsx";
import { ActionButton } from "../components/confirm.tsx";
import { Empty } from "../components/empty.tsx";
import { codeWords } from "../../model/error-words.ts";
import { errorsOf, ProblemNotice, Select } from "../components/fields.tsx";
import { Filters } from "../components/filters.tsx";
import { Inert } from "../components/inert.tsx";
import { NextAttempt } from "../components/next-attempt.tsx";
import { ISSUE_COLUMNS, ISSUE_NUMBERS, IssueBadge, issueRow } from "../components/issue-rows.tsx";
import { count } from "../components/number.ts";
import { Pager } from "../components/pager.tsx";
import { Facts, Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { readForm } from "../forms/submit.ts";
import { Csrf, page } from "../layout.tsx";
import type { DeliveryShape, IssueDetail, IssueShape, List } from "../shapes.ts";
import { affectedHref, redriveHref } from "./issue-words.ts";

const ROOM = "/issues";
const PAGE = 50;
/** Affected deliveries on the page of an issue. */
const AFFECTED = 5;

async function list(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const [destination, status, cursor] = ["destination", "status", "cursor"].map((name) => c.req.query(name));
  const [answer, destinations] = await Promise.all([
    api.send<List<IssueShape>>("GET", "/issues", undefined, { destination, status, cursor, limit: PAGE }),
    readChoices(api, "/destinations", destination),
  ]);
  if (!answer.ok && answer.status !== 422) throw new ApiProblem(answer.problem);
  const errors = errorsOf(answer.ok ? null : answer.problem);
  const issues = answer.ok ? answer.data : { data: [], next_cursor: null };
  const isNarrowed = [destination, status, cursor].some((given) => (given ?? "") !== "");
  return page(
    c,
    { title: "Issues", room: "issues", live: cursor === undefined },
    <>
      <Filters c={c} clear={["destination", "status"]}>
        <ChoiceFilter of="Destination" choices={destinations} errors={errors} />
        <Select
          label="State"
          name="status"
          value={status}
          error={errors("/query/status")}
          options={[["", "All"], ...ISSUE_STATUSES.map((one) => [one, one] as const)]}
        />
      </Filters>
      <div id="issues" data-live>
        {issues.data.length > 0 ? (
          <Table label="Issues" head={ISSUE_COLUMNS} rows={issues.data.map(issueRow)} numeric={ISSUE_NUMBERS} />
        ) : isNarrowed ? (
          answer.ok && <p class="muted">No matching issues.</p>
        ) : (
          <Empty title="No issues">
            <p>
              The first delivery that fails opens an issue for its destination and cause. It closes by itself once the
              destination has succeeded again, nothing has failed for the cause for 30 minutes, and no dead letter of it
              is left.
            </p>
          </Empty>
        )}
        <Pager
          c={c}
          next={issues.next_cursor}
          shown={issues.data.length}
          what="issues"
          error={errors("/query/cursor")}
        />
      </div>
    </>,
    answer.ok ? 200 : 422,
  );
}

const pathOf = (c: Ctx): string => `/issues/${encodeURIComponent(c.req.param("id") ?? "")}`;

/** How long a mute may last, by the value of the form's field. */
const MUTES = [
  ["1h", "1 hour", HOUR_MS],
  ["1d", "1 day", DAY_MS],
  ["7d", "7 days", 7 * DAY_MS],
  ["ever", "for good", null],
] as const;

const Mute = ({ c, action }: { c: Ctx; action: string }) => (
  <form class="action" method="post" action={action}>
    <Csrf c={c} />
    <input type="hidden" name="status" value="muted" />
    <label class="visually-hidden" for="mute">
      How long
    </label>
    <select id="mute" name="mute">
      {MUTES.map(([value, label]) => (
        <option value={value}>{label}</option>
      ))}
    </select>
    <button class="button" type="submit">
      Mute
    </button>
  </form>
);

/** What the button is called that opens the issue again. */
const UNDO = { acknowledged: "Undo acknowledgement", muted: "Unmute", closed: "Reopen" } as const;

const Actions = ({ c, of }: { c: Ctx; of: IssueDetail }) => {
  const action = `${ROOM}/${of.id}`;
  const decide = (status: string, label: string, primary = false) => (
    <ActionButton c={c} action={action} fields={{ status }} label={label} primary={primary} />
  );
  return (
    <>
      {of.status === "open" && decide("acknowledged", "Acknowledge", true)}
      {of.status !== "open" && decide("open", UNDO[of.status])}
      {of.status !== "closed" && of.status !== "muted" && <Mute c={c} action={action} />}
      {of.status !== "closed" && decide("closed", "Close")}
    </>
  );
};

const facts = (issue: IssueDetail) => [
  ["State", <IssueBadge of={issue} />] as const,
  [
    "Destination",
    <a href={`/destinations/${issue.destination}`}>
      <Inert text={issue.destination_slug ?? issue.destination} max={64} />
    </a>,
  ] as const,
  ["Cause", <code>{issue.cause}</code>] as const,
  ["Failures", count(issue.count)] as const,
  ["First seen", <Time at={issue.first_seen_at} kind="ago" />] as const,
  ["Last seen", <Time at={issue.last_seen_at} kind="ago" />] as const,
  ...(issue.reopened === 0 ? [] : [["Opened again", `${count(issue.reopened)} times`] as const]),
  ...(issue.acknowledged_at === null
    ? []
    : [["Acknowledged", <Time at={issue.acknowledged_at} kind="ago" />] as const]),
  ...(issue.muted_at === null
    ? []
    : [
        [
          "Muted",
          issue.muted_until === null ? (
            "for good"
          ) : (
            <>
              until <Time at={issue.muted_until} />
            </>
          ),
        ] as const,
      ]),
  ...(issue.closed_at === null
    ? []
    : [
        [
          "Closed",
          <>
            <Time at={issue.closed_at} kind="ago" /> by{" "}
            {issue.closed_by === "sluice" ? "itself" : <Inert text={issue.closed_by ?? ""} max={100} />}
          </>,
        ] as const,
      ]),
];

const Affected = ({ of }: { of: IssueDetail }) => (
  <section class="card" id="affected" data-live>
    <h2>Affected deliveries</h2>
    <ul class="dots">
      <li>
        <a href={affectedHref(of)}>Deliveries that failed for this cause</a> and have not been delivered since
      </li>
      <li>
        <a href={`/events/${of.last_event}`}>The event that failed last</a>
      </li>
    </ul>
    <p>
      {of.dead_letters === 0 ? (
        "No dead letter is left."
      ) : (
        <>
          {of.dead_letters_exact ? "" : "At least "}
          {count(of.dead_letters)} dead letter{of.dead_letters === 1 ? " is" : "s are"} left.
        </>
      )}
    </p>
    {of.dead_letters > 0 && (
      <a class="button" href={redriveHref(of)}>
        Redrive them…
      </a>
    )}
    <p class="hint">
      The issue closes by itself once the destination has succeeded since, nothing has failed for this cause for 30
      minutes, and no dead letter of it is left. A new failure opens it again.
    </p>
  </section>
);

/** The latest deliveries that failed for its cause and have not been delivered since. */
async function readAffected(c: Ctx, { destination, cause, affected_from }: IssueDetail) {
  if (cause === "other") return [];
  const query = { destination, cause, from: affected_from, limit: AFFECTED };
  return (await c.get("api").get<List<DeliveryShape>>("/deliveries", query)).data;
}

const Latest = ({ of }: { of: readonly DeliveryShape[] }) =>
  of.length === 0 ? null : (
    <section class="card" id="latest" data-live>
      <h2>The latest of them</h2>
      <Table
        label="Affected deliveries"
        head={["Event", "Type", "State", "Attempts", "Next attempt"]}
        numeric={[3]}
        rows={of.map((delivery) => ({
          id: delivery.id,
          cells: [
            <a href={`/events/${delivery.event_id}`}>
              <Time at={delivery.created_at} />
            </a>,
            delivery.event_type === null ? <span class="muted">none</span> : <Inert text={delivery.event_type} />,
            <Badge status={delivery.status} />,
            count(delivery.attempts_made),
            <NextAttempt of={delivery} />,
          ],
        }))}
      />
    </section>
  );

async function show(c: Ctx, problem: ProblemBody | null = null): Promise<Response> {
  const issue = await c.get("api").get<IssueDetail>(pathOf(c));
  const affected = await readAffected(c, issue);
  return page(
    c,
    {
      title: `${codeWords(issue.cause)} at ${issue.destination_slug ?? issue.destination}`,
      room: "issues",
      trail: [["Issues", ROOM]],
      live: true,
      actions: <Actions c={c} of={issue} />,
    },
    <>
      <ProblemNotice problem={problem} />
      <div class="columns">
        <section class="card" id="issue" data-live>
          <h2>Current state</h2>
          <Facts of={facts(issue)} />
          <a href={`/settings/audit?resource=${issue.id}`}>Change history</a>
        </section>
        <Affected of={issue} />
      </div>
      <Latest of={affected} />
    </>,
    problem === null ? 200 : 422,
  );
}

async function decide(c: Ctx): Promise<Response> {
  const form = await readForm(c);
  const status = form["status"]?.[0];
  const [, , lasts = null] = MUTES.find(([value]) => value === form["mute"]?.[0]) ?? [];
  const until =
    status === "muted" && lasts !== null ? { muted_until: new Date(c.get("now") + lasts).toISOString() } : {};
  const answer = await c.get("api").send<IssueDetail>("PATCH", pathOf(c), { status, ...until });
  return answer.ok ? c.redirect(`${ROOM}/${answer.data.id}?done=saved`, 303) : show(c, answer.problem);
}

export function mountIssues(app: Hono<DashEnv>): void {
  app.get(ROOM, (c) => list(c));
  app.get(`${ROOM}/:id`, (c) => show(c));
  app.post(`${ROOM}/:id`, (c) => decide(c));
}
