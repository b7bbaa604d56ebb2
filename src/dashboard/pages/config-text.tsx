// The configuration as one document, to copy, and to see the plan of an edited one. It is applied with the command line or the API only:
// a configuration that is kept as text belongs under version control.
import type { Hono } from "hono";
import { inexactNumbers } from "../../kernel/inexact-numbers.ts";
import type { ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { Checkbox, errorsOf, ProblemNotice, TextArea } from "../components/fields.tsx";
import { Inert } from "../components/inert.tsx";
import { Table } from "../components/table.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import { readForm, faulty } from "../forms/submit.ts";
import { Csrf } from "../layout.tsx";
import type { ConfigPlan } from "../shapes.ts";
import { settingsPage } from "./settings-page.tsx";

const MARKS = { create: "active", update: "retrying", delete: "dead", unchanged: "unknown" } as const;

async function show(
  c: Ctx,
  given: string | null = null,
  prune = false,
  problem: ProblemBody | null = null,
  plan: ConfigPlan | null = null,
): Promise<Response> {
  const text = given ?? JSON.stringify(await c.get("api").get<object>("/config"), null, 2);
  return settingsPage(
    c,
    "/settings/config",
    <>
      {plan !== null && <PlanCard plan={plan} />}
      <form class="card" method="post" action="/settings/config">
        <Csrf c={c} />
        <ProblemNotice problem={problem} />
        <TextArea
          label="Sources, destinations and connections"
          name="document"
          rows={28}
          value={text}
          error={errorsOf(problem)("/document")}
          hint="It contains no secrets. Edit it to see the plan; apply it with npx sluice apply or PUT /api/v1/config."
        />
        <Checkbox label="Delete records that are not in the document" name="prune" checked={prune} />
        <div class="buttons">
          <button class="button primary" type="submit">
            Show plan
          </button>
          <a class="button" href="/settings/config.json" download="sluice.json">
            Download
          </a>
        </div>
      </form>
    </>,
    problem,
  );
}

const PlanCard = ({ plan: { summary, changes } }: { plan: ConfigPlan }) => (
  <section class="card" id="plan" aria-live="polite">
    <h2>Plan</h2>
    <p>
      {summary.create} to create, {summary.update} to update, {summary.delete} to delete, {summary.unchanged} unchanged.
      Nothing has been applied.
    </p>
    {changes.some(({ action }) => action !== "unchanged") && (
      <Table
        label="Planned changes"
        head={["Action", "Kind", "Slug", "Fields"]}
        rows={changes
          .filter(({ action }) => action !== "unchanged")
          .map((change) => ({
            id: `${change.kind}-${change.slug}`,
            cells: [
              <Badge status={MARKS[change.action]} label={change.action} />,
              change.kind,
              <Inert text={change.slug} />,
              <Inert text={(change.fields ?? []).map(({ pointer }) => pointer).join(", ") || "–"} max={400} />,
            ],
          }))}
      />
    )}
  </section>
);

async function plan(c: Ctx): Promise<Response> {
  const form = await readForm(c);
  const text = form["document"]?.[0] ?? "";
  const prune = form["prune"] !== undefined;
  let document: unknown;
  let inexact: string[];
  try {
    document = JSON.parse(text);
    inexact = inexactNumbers(text);
  } catch (error) {
    const detail = `is not valid JSON: ${error instanceof Error ? error.message : ""}`;
    return show(c, text, prune, faulty([{ pointer: "/document", detail }]));
  }
  // Parsing rounds such a number before the API can see it.
  if (inexact.length > 0)
    return show(
      c,
      text,
      prune,
      faulty(inexact.map((pointer) => ({ pointer, detail: "cannot be represented exactly" }))),
    );
  const query = { dry_run: "true", ...(prune ? { prune: "true" } : {}) };
  const answer = await c.get("api").send<ConfigPlan>("PUT", "/config", document, query);
  return answer.ok ? show(c, text, prune, null, answer.data) : show(c, text, prune, answer.problem);
}

export function mountConfigText(app: Hono<DashEnv>): void {
  app.get("/settings/config", (c) => show(c));
  app.post("/settings/config", (c) => plan(c));
  app.get("/settings/config.json", async (c) =>
    c.body(`${JSON.stringify(await c.get("api").get<object>("/config"), null, 2)}\n`, 200, {
      "content-type": "application/json",
      "content-disposition": 'attachment; filename="sluice.json"',
    }),
  );
}
