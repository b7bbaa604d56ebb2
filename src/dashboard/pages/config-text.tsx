// The configuration as one document: to copy, to see the plan of an edited one, and to apply exactly what was planned. If the configuration has changed
// since the plan, nothing is applied.
import type { Hono } from "hono";
import { inexactNumbers } from "../../kernel/inexact-numbers.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { Copyable } from "../components/empty.tsx";
import { Checkbox, errorsOf, ProblemNotice, TextArea } from "../components/fields.tsx";
import { Inert } from "../components/inert.tsx";
import { Table } from "../components/table.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import type { FormValues } from "../forms/form-spec.ts";
import { readForm, faulty } from "../forms/submit.ts";
import { Csrf, page } from "../layout.tsx";
import type { ConfigPlan } from "../shapes.ts";
import { settingsPage } from "./settings-page.tsx";

const HERE = "/settings/config";
const MARKS = { create: "active", update: "retrying", delete: "dead", unchanged: "unknown" } as const;

/** A document as it was submitted. */
interface Submitted {
  readonly text: string;
  readonly prune: boolean;
}

/** A plan, and the tag of the configuration that it was made for. */
interface Planned {
  readonly plan: ConfigPlan;
  readonly tag: string;
}

async function show(
  c: Ctx,
  submitted: Submitted | null = null,
  problem: ProblemBody | null = null,
  planned: Planned | null = null,
): Promise<Response> {
  const text = submitted?.text ?? JSON.stringify(await c.get("api").get<object>("/config"), null, 2);
  return settingsPage(
    c,
    HERE,
    <>
      {planned !== null && submitted !== null && <PlanCard c={c} of={planned} submitted={submitted} />}
      <form class="card" method="post" action={HERE}>
        <Csrf c={c} />
        <ProblemNotice problem={problem} />
        <TextArea
          label="Sources, destinations and connections"
          name="document"
          rows={28}
          value={text}
          error={errorsOf(problem)("/document")}
          hint={
            <>
              It contains no secrets. Edit it to see the plan, then apply that. A configuration that is kept under
              version control is applied with <code>npx sluice apply</code> or{" "}
              <a href="/docs/configuration-as-a-document#applyConfig">PUT /api/v1/config</a>.
            </>
          }
        />
        <Checkbox
          label="Delete records that are not in the document"
          name="prune"
          checked={submitted?.prune ?? false}
        />
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

const PlanCard = ({ c, of: { plan, tag }, submitted }: { c: Ctx; of: Planned; submitted: Submitted }) => {
  const { summary } = plan;
  const changes = plan.changes.filter(({ action }) => action !== "unchanged");
  return (
    <section class="card" id="plan" aria-live="polite">
      <h2>Plan</h2>
      <p>
        {summary.create} to create, {summary.update} to update, {summary.delete} to delete, {summary.unchanged}{" "}
        unchanged. Nothing has been applied.
      </p>
      {changes.length > 0 && (
        <>
          <Table
            label="Planned changes"
            head={["Action", "Kind", "Slug", "Fields"]}
            rows={changes.map((change) => ({
              id: `${change.kind}-${change.slug}`,
              cells: [
                <Badge status={MARKS[change.action]} label={change.action} />,
                change.kind,
                <Inert text={change.slug} />,
                <Inert text={(change.fields ?? []).map(({ pointer }) => pointer).join(", ") || "–"} max={400} />,
              ],
            }))}
          />
          <form method="post" action={`${HERE}/apply`} class="buttons">
            <Csrf c={c} />
            <input type="hidden" name="document" value={submitted.text} />
            {submitted.prune && <input type="hidden" name="prune" value="on" />}
            <input type="hidden" name="tag" value={tag} />
            <button class={summary.delete > 0 ? "button danger" : "button primary"} type="submit">
              Apply {changes.length === 1 ? "this change" : `these ${changes.length} changes`}
            </button>
            <span class="muted">Refused if the configuration changes before.</span>
          </form>
        </>
      )}
    </section>
  );
};

const submittedIn = (form: FormValues): Submitted => ({
  text: form["document"]?.[0] ?? "",
  prune: form["prune"] !== undefined,
});

/** The document, or what is wrong with the text. */
function readDocument(text: string): Result<unknown, ProblemBody> {
  try {
    const document: unknown = JSON.parse(text);
    // Parsing rounds such a number before the API can see it.
    const inexact = inexactNumbers(text);
    return inexact.length === 0
      ? ok(document)
      : err(faulty(inexact.map((pointer) => ({ pointer, detail: "cannot be represented exactly" }))));
  } catch (error) {
    const detail = `is not valid JSON: ${error instanceof Error ? error.message : ""}`;
    return err(faulty([{ pointer: "/document", detail }]));
  }
}

const pruning = ({ prune }: Submitted): Record<string, string> => (prune ? { prune: "true" } : {});

async function plan(c: Ctx): Promise<Response> {
  const submitted = submittedIn(await readForm(c));
  const document = readDocument(submitted.text);
  if (!document.ok) return show(c, submitted, document.error);
  const query = { dry_run: "true", ...pruning(submitted) };
  const answer = await c.get("api").send<ConfigPlan>("PUT", "/config", document.value, query);
  return answer.ok
    ? show(c, submitted, null, { plan: answer.data, tag: answer.etag ?? "" })
    : show(c, submitted, answer.problem);
}

async function apply(c: Ctx): Promise<Response> {
  const form = await readForm(c);
  const submitted = submittedIn(form);
  const document = readDocument(submitted.text);
  if (!document.ok) return show(c, submitted, document.error);
  // Without a tag nothing matches, so that nothing is applied that was not planned.
  const headers = { "if-match": form["tag"]?.[0] || '"none"' };
  const answer = await c.get("api").send<ConfigPlan>("PUT", "/config", document.value, pruning(submitted), headers);
  if (!answer.ok) return show(c, submitted, answer.status === 412 ? overtaken(answer.problem) : answer.problem);
  return generatedSecrets(c, answer.data) ?? c.redirect(`${HERE}?done=applied`, 303);
}

const overtaken = (problem: ProblemBody): ProblemBody => ({
  ...problem,
  detail: "It is no longer what the plan was made for. Nothing was applied: show the plan again.",
});

/** Shows generated signing secrets once, on a page that is not stored anywhere. */
function generatedSecrets(c: Ctx, applied: ConfigPlan): Response | Promise<Response> | null {
  const { signing_secrets: made = [], signing_secrets_withheld: withheld = [] } = applied;
  if (made.length + withheld.length === 0) return null;
  return page(
    c,
    { title: "Signing secrets", room: "settings", trail: [["Configuration", HERE]] },
    <div class="card narrow">
      <p>
        The configuration was applied.{" "}
        {made.length > 0 && "Give these signing secrets to the receivers. They are shown only once."}
      </p>
      {made.map(({ destination, secrets }) => (
        <>
          <h2>{destination}</h2>
          {secrets.map((secret) => (
            <Copyable label={`signing secret of ${destination}`} text={secret} />
          ))}
        </>
      ))}
      {withheld.length > 0 && (
        <p>Only an admin can see the signing secrets of {withheld.join(", ")}: ask an admin to rotate them.</p>
      )}
      <a class="button primary" href={HERE}>
        {made.length > 0 ? "I have copied them" : "Continue"}
      </a>
    </div>,
  );
}

export function mountConfigText(app: Hono<DashEnv>): void {
  app.get(HERE, (c) => show(c));
  app.post(HERE, (c) => plan(c));
  app.post(`${HERE}/apply`, (c) => apply(c));
  app.get("/settings/config.json", async (c) =>
    c.body(`${JSON.stringify(await c.get("api").get<object>("/config"), null, 2)}\n`, 200, {
      "content-type": "application/json",
      "content-disposition": 'attachment; filename="sluice.json"',
    }),
  );
}
