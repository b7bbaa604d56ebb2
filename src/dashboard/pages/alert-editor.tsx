// The form that creates or edits an alert, with instructions for its target.
import type { Hono } from "hono";
import { knowsDestinations, knowsSources } from "../../model/alert.ts";
import type { ProblemBody } from "../api-client.ts";
import { readChoices } from "../components/choice.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { alertForm, alertGroups, ruleOf, targetOf, type Ends } from "../forms/alert-form.ts";
import type { FormValues } from "../forms/form-spec.ts";
import { initialValues, storedValues } from "../forms/form-values.ts";
import { ResourceForm } from "../forms/resource-form.tsx";
import { readForm, submit } from "../forms/submit.ts";
import { page } from "../layout.tsx";
import type { AlertShape } from "../shapes.ts";
import { AlertHint } from "./alert-hint.tsx";

/** URL of the list of alerts. */
export const ALERTS = "/alerts";
export const ALERTS_TRAIL = [["Alerts", ALERTS]] as const;

/** URL of one alert. */
export const urlOf = ({ id }: { id: string }): string => `${ALERTS}/${id}`;
/** API path of the page's alert. */
export const pathOf = (c: Ctx): string => `/alerts/${encodeURIComponent(c.req.param("id") ?? "")}`;
export const readAlert = (c: Ctx): Promise<AlertShape> => c.get("api").get<AlertShape>(pathOf(c));

async function readEnds(c: Ctx, values: FormValues): Promise<Ends> {
  const [source, destination] = await Promise.all([
    readChoices(c.get("api"), "/sources", values["source"]?.[0]),
    readChoices(c.get("api"), "/destinations", values["destination"]?.[0]),
  ]);
  return { source, destination };
}

async function form(
  c: Ctx,
  alert: AlertShape | null,
  values: FormValues,
  problem: ProblemBody | null = null,
): Promise<Response> {
  const ends = await readEnds(c, values);
  const back = alert === null ? ALERTS : urlOf(alert);
  return page(
    c,
    {
      title: alert === null ? "New alert" : `Edit ${alert.name}`,
      room: "alerts",
      trail: [...ALERTS_TRAIL, ...(alert === null ? [] : [[alert.name, back] as const])],
    },
    <div class="columns form">
      <ResourceForm
        c={c}
        action={back}
        groups={alertGroups(values, ends)}
        values={values}
        problem={problem}
        label={alert === null ? "Create alert" : "Save"}
        back={back}
      />
      <AlertHint type={targetOf(values)} />
    </div>,
    problem === null ? 200 : 422,
  );
}

async function save(c: Ctx, alert: AlertShape | null): Promise<Response> {
  const values = await readForm(c);
  const spec = alertForm(values);
  if (values["choose"] !== undefined) return form(c, alert, { ...initialValues(spec), ...values });
  // A rule without a source or a destination must not keep that of the previous rule.
  const rule = { type: ruleOf(values) };
  const extra = {
    ...(knowsSources(rule) ? {} : { source: null }),
    ...(knowsDestinations(rule) ? {} : { destination: null }),
  };
  const answer = await submit<AlertShape>(c, alert === null ? "/alerts" : pathOf(c), spec, values, alert, extra);
  if (!answer.ok) return form(c, alert, values, answer.problem);
  return c.redirect(`${urlOf(answer.data)}?done=${alert === null ? "created" : "saved"}`, 303);
}

async function create(c: Ctx): Promise<Response> {
  return form(c, null, initialValues(alertForm({})));
}

async function edit(c: Ctx): Promise<Response> {
  const alert = await readAlert(c);
  const deciding = { "rule/type": [alert.rule.type], "target/type": [alert.target.type] };
  return form(c, alert, storedValues(alertForm(deciding), alert));
}

export function mountAlertEditor(app: Hono<DashEnv>): void {
  app.get(`${ALERTS}/new`, (c) => create(c));
  app.post(ALERTS, (c) => save(c, null));
  app.post(`${ALERTS}/:id`, async (c) => save(c, await readAlert(c)));
  app.get(`${ALERTS}/:id/edit`, (c) => edit(c));
}
