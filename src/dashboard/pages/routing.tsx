// The filter and transform editors, with a trial on an event: run by the API, shown next to the editors, not stored.
import type { ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { problemText } from "../components/fields.tsx";
import { Inert } from "../components/inert.tsx";
import type { Ctx } from "../deps.ts";
import { FILTER_FIELD, MISSING_FIELD, TRANSFORM_FIELD } from "../forms/connection-form.ts";
import { FormFields } from "../forms/form-fields.tsx";
import type { FieldSpec, FormValues } from "../forms/form-spec.ts";
import { requestBody } from "../forms/form-values.ts";
import { faulty } from "../forms/submit.ts";
import type { FilterTestResult, TransformTestResult } from "../shapes.ts";

export interface TrialResult {
  readonly filter?: FilterTestResult;
  readonly transform?: TransformTestResult;
  readonly problem: ProblemBody | null;
}

const SUBJECT: readonly FieldSpec[] = [
  { path: "try_event", label: "Recorded event (ID)", kind: "text", placeholder: "evt_…" },
  {
    path: "try_headers",
    label: "Or a sample: headers",
    kind: "headers",
    rows: 2,
    placeholder: "content-type: application/json",
  },
  { path: "try_query", label: "Query", kind: "text", placeholder: "?page=1" },
  { path: "try_path", label: "Path", kind: "text", placeholder: "/orders" },
  { path: "try_body", label: "Body", kind: "block", rows: 6, placeholder: '{"type": "invoice.paid"}' },
];

/** Runs the trial that the form asks for; null if it asks for none. @param destination id, for the full URL */
export async function runTrial(
  c: Ctx,
  values: FormValues,
  destination: string | undefined,
): Promise<TrialResult | null> {
  if (values["try"] === undefined) return null;
  const { body, faults } = requestBody(
    { fields: [FILTER_FIELD, MISSING_FIELD, TRANSFORM_FIELD, ...SUBJECT.slice(0, 4)] },
    values,
  );
  if (faults.length > 0) return { problem: faulty(faults) };
  const {
    filter,
    missing_matches_not,
    transform,
    try_event,
    try_headers,
    try_query = "",
    try_path = "",
  } = body as Record<string, object | string>;
  const text = values["try_body"]?.[0] ?? "";
  // Sent as text, so that no byte changes.
  const isJson = /^\s*[[{]/.test(text);
  const named = Object.keys(try_headers ?? {}).some((name) => name.toLowerCase() === "content-type");
  const headers = isJson && !named ? { "content-type": "application/json", ...(try_headers as object) } : try_headers;
  // The event's id is prefilled, so a sample takes precedence.
  const isSample = text !== "" || ["try_headers", "try_query", "try_path"].some((name) => values[name]?.[0]);
  const subject =
    try_event === undefined || isSample
      ? { sample: { headers, query: try_query, path: try_path, body: text } }
      : { event_id: try_event };
  const api = c.get("api");
  const [passes, makes] = await Promise.all([
    api.send<FilterTestResult>("POST", "/filters/test", { filter: filter ?? {}, missing_matches_not, ...subject }),
    api.send<TransformTestResult>("POST", "/transforms/test", {
      transform: transform ?? {},
      ...subject,
      ...(destination === undefined || destination === "" ? {} : { destination }),
    }),
  ]);
  const problem = !passes.ok ? passes.problem : makes.ok ? null : makes.problem;
  return {
    ...(passes.ok ? { filter: passes.data } : {}),
    ...(makes.ok ? { transform: makes.data } : {}),
    problem: problem === null ? null : withFormPointers(problem),
  };
}

/** Moves the API's errors about the sample to the form's fields. */
const withFormPointers = (problem: ProblemBody): ProblemBody => ({
  ...problem,
  detail: problem.detail
    .replaceAll(/(?<=^|; )\/event_id\b/g, "Recorded event (ID)")
    .replaceAll(/(?<=^|; )\/sample\//g, "sample "),
  ...(problem.errors === undefined
    ? {}
    : {
        errors: problem.errors.map((error) => ({
          ...error,
          pointer: error.pointer.replace(/^\/event_id/, "/try_event").replace(/^\/sample\//, "/try_"),
        })),
      }),
});

export const Editors = ({ values, problem }: { values: FormValues; problem: ProblemBody | null }) => (
  <fieldset>
    <legend>Filter and transform</legend>
    <div class="columns">
      <FormFields fields={[FILTER_FIELD, TRANSFORM_FIELD]} values={values} problem={problem} />
    </div>
    <FormFields fields={[MISSING_FIELD]} values={values} problem={problem} />
  </fieldset>
);

export const Trial = ({
  action,
  values,
  problem,
  trial,
}: {
  /** The form's action. */
  action: string;
  values: FormValues;
  problem: ProblemBody | null;
  trial: TrialResult | null;
}) => (
  <fieldset id="try">
    <legend>Try it on one event</legend>
    <p class="hint">Uses the recorded event, or the sample if you enter one. Nothing is sent or saved.</p>
    <div class="columns">
      <div>
        <FormFields fields={SUBJECT} values={values} problem={problem} />
        <div class="buttons">
          <button class="button" type="submit" name="try" value="1" formaction={`${action}#try`} formnovalidate>
            Test filter and transform
          </button>
        </div>
      </div>
      <div class="results" aria-live="polite">
        {trial === null ? <p class="muted">The result appears here.</p> : <Result of={trial} />}
      </div>
    </div>
  </fieldset>
);

const Result = ({ of: { filter, transform, problem } }: { of: TrialResult }) => (
  <>
    {problem !== null && (
      <p class="notice bad">
        <Inert text={problemText(problem)} />
      </p>
    )}
    {filter !== undefined && (
      <p>
        <Badge
          status={filter.matched ? "delivered" : "ignored"}
          label={filter.matched ? "matches the filter" : "does not match"}
        />{" "}
        {filter.failed_clause !== null && <Inert text={filter.failed_clause} />}
      </p>
    )}
    {transform !== undefined && transform.error !== null && (
      <p class="notice bad">
        <Inert text={transform.error} />
      </p>
    )}
    {transform !== undefined && transform.error === null && (
      <pre tabindex={0} role="region" aria-label="The request that would be sent">
        <Inert text={requestText(transform)} max={20_000} />
      </pre>
    )}
  </>
);

const requestText = (request: TransformTestResult): string =>
  [
    `${request.method ?? ""} ${request.url ?? `${request.path ?? ""}${request.query ?? ""}`}`,
    ...Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    "",
    request.body_text ?? (request.body_base64 === null ? "" : `base64: ${request.body_base64}`),
  ].join("\n");
