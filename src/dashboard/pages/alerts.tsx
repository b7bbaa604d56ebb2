// Alerts: the list with the state of each, and the page of one alert with its actions.
import type { Hono } from "hono";
import type { ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { ActionButton, confirmed, DangerButton } from "../components/confirm.tsx";
import { Copyable, Empty } from "../components/empty.tsx";
import { ProblemNotice } from "../components/fields.tsx";
import { Inert } from "../components/inert.tsx";
import { Pager } from "../components/pager.tsx";
import { shellQuote } from "../components/shell-quote.ts";
import { Facts, Table } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { TARGETS } from "../forms/alert-form.ts";
import { page } from "../layout.tsx";
import type { AlertShape, AlertTest, List } from "../shapes.ts";
import { ALERTS as ROOM, ALERTS_TRAIL, readAlert, urlOf, mountAlertEditor, pathOf } from "./alert-editor.tsx";
import { failureWords, ruleWords, valueWords } from "./alert-words.ts";

const State = ({ of }: { of: AlertShape }) => (
  <span>
    <Badge status={of.state === "firing" ? "firing" : of.enabled ? "ok" : "disabled"} />
    {of.unsent !== null && of.unsent.attempts > 0 && (
      <>
        {" "}
        <Badge status="notice_failed" />
      </>
    )}
  </span>
);

const Scope = ({ of }: { of: AlertShape }) => (
  <>
    {of.source === null ? (
      "all sources"
    ) : (
      <>
        source <a href={`/sources/${of.source}`}>{of.source_slug ?? of.source}</a>
      </>
    )}
    {", "}
    {of.destination === null ? (
      "all destinations"
    ) : (
      <>
        destination <a href={`/destinations/${of.destination}`}>{of.destination_slug ?? of.destination}</a>
      </>
    )}
  </>
);

const Receiver = ({ of: { target } }: { of: AlertShape }) => (
  <span>
    {TARGETS[target.type]}{" "}
    <span class="muted">
      <Inert text={target.host} max={100} />
    </span>
  </span>
);

async function list(c: Ctx): Promise<Response> {
  const alerts = await c.get("api").get<List<AlertShape>>("/alerts", { cursor: c.req.query("cursor") });
  const first = alerts.data.length === 0 && c.req.query("cursor") === undefined;
  return page(
    c,
    {
      title: "Alerts",
      room: "alerts",
      live: true,
      actions: (
        <a class="button primary" href={`${ROOM}/new`}>
          New alert
        </a>
      ),
    },
    first ? (
      <Empty title="No alerts yet">
        <p>
          An alert watches one condition, such as dead letters or an open circuit, and notifies Slack, Discord, Teams,
          PagerDuty or your own webhook when it begins, while it lasts, and when it is over.
        </p>
        <p>
          <a href={`${ROOM}/new`}>Create the first one</a>: any dead letter within an hour is a good start. Then send a
          sample.
        </p>
        <p>Or with the API:</p>
        <Copyable
          label="command that creates an alert"
          text={`curl -g ${shellQuote(`${new URL(c.req.url).origin}/api/v1/alerts`)} -H "authorization: Bearer $SLUICE_ADMIN_TOKEN" -d '{"name": "Dead letters", "rule": {"type": "dead_letters"}, "target": {"type": "slack", "url": "https://hooks.slack.com/services/..."}}'`}
        />
      </Empty>
    ) : (
      <div id="alerts" data-live>
        <Table
          label="Alerts"
          head={["Alert", "State", "Since", "Condition", "Value", "Notifies"]}
          rows={alerts.data.map((alert) => ({
            id: alert.id,
            cells: [
              <a href={urlOf(alert)}>
                <Inert text={alert.name} max={128} />
              </a>,
              <State of={alert} />,
              <Time at={alert.since} kind="ago" />,
              <span>{ruleWords(alert.rule)}</span>,
              valueWords(alert),
              <Receiver of={alert} />,
            ],
          }))}
        />
        <Pager c={c} next={alerts.next_cursor} shown={alerts.data.length} what="alerts" />
      </div>
    ),
  );
}

const ASK_DELETE =
  "Delete this alert? No notice is sent. If the target has an open incident, disable the alert first to resolve it.";

const stateFacts = (alert: AlertShape) => [
  ["State", <State of={alert} />] as const,
  ["Since", <Time at={alert.since} kind="ago" />] as const,
  ["Value", valueWords(alert)] as const,
  ["Last notice", <Time at={alert.last_sent_at} kind="ago" />] as const,
  ...(alert.last_error === null
    ? []
    : [["Notice failed", <Inert text={failureWords(alert.last_error)} max={300} />] as const]),
  ...(alert.unsent === null
    ? []
    : [
        [
          "Unsent notice",
          <>
            {alert.unsent.kind}, next try <Time at={alert.unsent.next_attempt_at} kind="until" />
          </>,
        ] as const,
      ]),
];

async function show(c: Ctx, problem: ProblemBody | null = null): Promise<Response> {
  const alert = await readAlert(c);
  const here = urlOf(alert);
  return page(
    c,
    {
      title: alert.name,
      room: "alerts",
      trail: ALERTS_TRAIL,
      live: true,
      actions: (
        <>
          <ActionButton c={c} action={`${here}/test`} label="Send a sample" />
          <ActionButton
            c={c}
            action={`${here}/${alert.enabled ? "disable" : "enable"}`}
            label={alert.enabled ? "Disable" : "Enable"}
          />
          <a class="button" href={`${here}/edit`}>
            Edit
          </a>
          <DangerButton c={c} action={`${here}/delete`} label="Delete" what={alert.name} ask={ASK_DELETE} />
        </>
      ),
    },
    <>
      <ProblemNotice problem={problem} />
      <div class="columns">
        <section class="card" id="stateFacts" data-live>
          <h2>Current state</h2>
          <Facts of={stateFacts(alert)} />
        </section>
        <section class="card">
          <h2>Settings</h2>
          <Facts
            of={[
              ["Condition", ruleWords(alert.rule)],
              ["Scope", <Scope of={alert} />],
              ["Severity", alert.severity],
              ["Notifies", <Receiver of={alert} />],
              ["Fires after", alert.for_seconds === 0 ? "immediately" : span(alert.for_seconds * 1_000)],
              ["Repeats every", alert.repeat_minutes === null ? "never" : span(alert.repeat_minutes * 60_000)],
              [
                "Resolves after",
                alert.resolve_after_seconds === 0 ? "immediately" : span(alert.resolve_after_seconds * 1_000),
              ],
              ["Changed", <Time at={alert.updated_at} />],
            ]}
          />
          <a href={`/settings/audit?resource=${alert.id}`}>Change history</a>
        </section>
      </div>
    </>,
    problem === null ? 200 : 422,
  );
}

async function test(c: Ctx): Promise<Response> {
  const answer = await c.get("api").send<AlertTest>("POST", `${pathOf(c)}/test`);
  if (!answer.ok) return show(c, answer.problem);
  const { delivered, error } = answer.data;
  if (delivered) return c.redirect(`${ROOM}/${encodeURIComponent(c.req.param("id") ?? "")}?done=sampled`, 303);
  const detail = `The target did not accept the sample: ${failureWords(error ?? "unknown")}.`;
  return show(c, { title: "The sample was not delivered", status: 422, code: "not_delivered", detail });
}

async function enable(c: Ctx, enabled: boolean): Promise<Response> {
  const answer = await c.get("api").send<AlertShape>("PATCH", pathOf(c), { enabled });
  return answer.ok ? c.redirect(`${urlOf(answer.data)}?done=saved`, 303) : show(c, answer.problem);
}

async function remove(c: Ctx): Promise<Response> {
  const alert = await readAlert(c);
  const asked = await confirmed(c, {
    title: `Delete ${alert.name}?`,
    text: ASK_DELETE,
    label: "Delete alert",
    back: urlOf(alert),
    room: "alerts",
  });
  if (asked !== null) return asked;
  const answer = await c.get("api").send("DELETE", pathOf(c));
  return answer.ok ? c.redirect(`${ROOM}?done=deleted`, 303) : show(c, answer.problem);
}

export function mountAlerts(app: Hono<DashEnv>): void {
  // Where they were: old links and bookmarks lead there.
  app.get("/settings/alerts/*", (c) => c.redirect(new URL(c.req.url).pathname.replace("/settings", ""), 301));
  app.get(ROOM, (c) => list(c));
  mountAlertEditor(app);
  app.get(`${ROOM}/:id`, (c) => show(c));
  app.post(`${ROOM}/:id/test`, (c) => test(c));
  app.post(`${ROOM}/:id/enable`, (c) => enable(c, true));
  app.post(`${ROOM}/:id/disable`, (c) => enable(c, false));
  app.post(`${ROOM}/:id/delete`, (c) => remove(c));
}
