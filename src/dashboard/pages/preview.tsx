// The trial of a connection's filter and transform on the events that are stored: run by the API, shown below the editors, not saved.
import type { ProblemBody } from "../api-client.ts";
import { Badge } from "../components/badge.tsx";
import { problemText } from "../components/fields.tsx";
import { Inert } from "../components/inert.tsx";
import { count } from "../components/number.ts";
import { Facts } from "../components/table.tsx";
import { span, Time } from "../components/time.tsx";
import type { Ctx } from "../deps.ts";
import { endFields, FILTER_FIELD, MISSING_FIELD, TRANSFORM_FIELD } from "../forms/connection-form.ts";
import { FormFields } from "../forms/form-fields.tsx";
import type { FieldSpec, FormValues } from "../forms/form-spec.ts";
import { requestBody } from "../forms/form-values.ts";
import { faulty } from "../forms/submit.ts";
import type { PreviewShape } from "../shapes.ts";

/** Stored events that the button tries. */
const EVENTS = 100;
/** Events shown, and differences among them, so that the page stays small. */
const SHOWN = 20;
const SHOWN_DIFFS = 10;
/** The value of the button. */
const STORED = "stored";
export const storedTrial = (action: string) => ({ name: "try", value: STORED, formaction: `${action}#preview` });

const PACE: FieldSpec = {
  path: "try_rate",
  label: "Pace to try (per second)",
  kind: "number",
  placeholder: "10",
  hint: "How long the destination's backlog would take.",
};

/** Where the API has the pace. */
const LIMIT = /\/rate_limit(\/limit)?/g;

export interface Previewed {
  readonly preview: PreviewShape | null;
  readonly problem: ProblemBody | null;
}

/** Runs the trial that the form asks for; null if it asks for none. @param connection its id; null if it is not made yet */
export async function runPreview(c: Ctx, values: FormValues, connection: string | null): Promise<Previewed | null> {
  if (values["try"]?.[0] !== STORED) return null;
  const fields = [FILTER_FIELD, MISSING_FIELD, TRANSFORM_FIELD, PACE, ...(connection === null ? endFields() : [])];
  const { body, faults } = requestBody({ fields }, values);
  if (faults.length > 0) return { preview: null, problem: faulty(faults) };
  const { filter = null, transform = null, try_rate, ...rest } = body;
  const path = connection === null ? "/connections/preview" : `/connections/${connection}/preview`;
  const answer = await c.get("api").send<PreviewShape>("POST", path, {
    ...{ ...rest, filter, transform, events: EVENTS },
    ...(try_rate === undefined ? {} : { rate_limit: { limit: try_rate } }),
  });
  if (answer.ok) return { preview: answer.data, problem: null };
  const errors = answer.problem.errors?.map((error) => ({
    ...error,
    pointer: error.pointer.replace(LIMIT, `/${PACE.path}`),
  }));
  const detail = answer.problem.detail.replaceAll(LIMIT, PACE.label);
  return { preview: null, problem: { ...answer.problem, detail, ...(errors === undefined ? {} : { errors }) } };
}

export const Preview = ({
  action,
  values,
  problem,
  of,
  isNew,
}: {
  /** The form's action. */
  action: string;
  values: FormValues;
  problem: ProblemBody | null;
  of: PreviewShape | null;
  /** Nothing is saved yet, so there is nothing to compare with. */
  isNew: boolean;
}) => (
  <fieldset id="preview">
    <legend>Try it on stored events</legend>
    <p class="hint">
      Runs the filter and transform above {isNew ? "on events of the source" : "beside the saved ones"}. Nothing is sent
      or saved.
    </p>
    <div class="row">
      <FormFields fields={[PACE]} values={values} problem={problem} />
    </div>
    <div class="buttons">
      <button class="button" type="submit" {...storedTrial(action)} formnovalidate>
        Try it on the last {EVENTS} events
      </button>
    </div>
    <div class="results" aria-live="polite">
      {problem !== null && values["try"]?.[0] === STORED && (
        <p class="notice bad">
          <span>
            Not tried: <Inert text={problemText(problem)} max={1_000} />
          </span>
        </p>
      )}
      {of !== null && (
        <>
          {of.examined === 0 && <p>No event of this source is stored yet, so there was nothing to try it on.</p>}
          {(of.examined > 0 || of.backlog !== null) && <Summary of={of} isNew={isNew} />}
          {of.examined > 0 && <Events of={of} isNew={isNew} />}
          <div class="buttons">
            <button class="button primary" type="submit">
              {isNew ? "Create connection" : "Apply"}
            </button>
          </div>
        </>
      )}
    </div>
  </fieldset>
);

const STOPS: Readonly<Record<NonNullable<PreviewShape["stopped_by"]>, string>> = {
  bytes: "It ended early, because the bodies are large.",
  time: "It ended early, because it took too long.",
  pages: "It ended early, because few stored events are of this source.",
};

const wait = (seconds: number | null): string => (seconds === null ? "no pace" : span(seconds * 1_000));

const Summary = ({ of, isNew }: { of: PreviewShape; isNew: boolean }) => (
  <>
    <Facts
      of={[
        [
          "Events tried",
          of.examined === 0 ? (
            "none are stored"
          ) : (
            <>
              {count(of.examined)}, from <Time at={of.oldest_at} /> to <Time at={of.newest_at} />
            </>
          ),
        ],
        ...(isNew
          ? ([
              ["Match", count(of.matched_now)],
              ["Do not match", count(of.no_longer_matches)],
              ["Request changes", count(of.changed)],
              ["Transform fails", count(of.failed)],
            ] as const)
          : ([
              ["Matched", `${count(of.matched_before)} before, ${count(of.matched_now)} now`],
              ["No longer match", count(of.no_longer_matches)],
              ["Newly match", count(of.now_matches)],
              ["Request changes", count(of.changed)],
              ["Transform fails", `${count(of.failed_before)} before, ${count(of.failed)} now`],
            ] as const)),
        ...(of.backlog === null
          ? []
          : [
              [
                "Backlog",
                of.backlog.waiting === 0
                  ? "nothing waits"
                  : `${count(of.backlog.waiting)} waiting: ${wait(of.backlog.seconds_before)} before, ${wait(of.backlog.seconds_now)} now`,
              ] as const,
            ]),
      ]}
    />
    {of.stopped_by !== null && <p class="notice warn">{STOPS[of.stopped_by]}</p>}
    {of.skipped > 0 && (
      <p class="notice warn">{count(of.skipped)} left out: their content is too large or cannot be read.</p>
    )}
  </>
);

const OUTCOMES = {
  changed: ["in_progress", "request changes"],
  now_matches: ["delivered", "matches now"],
  no_longer_matches: ["ignored", "no longer matches"],
  failed: ["dead", "transform fails"],
  same: ["done", "the same"],
} as const;

const Events = ({ of: { events }, isNew }: { of: PreviewShape; isNew: boolean }) => {
  const diffed = new Set(events.filter(({ diff }) => diff !== null).slice(0, SHOWN_DIFFS));
  return (
    <>
      {events.length === 0 && <p>{isNew ? "All match, and are sent as they are." : "Nothing differs."}</p>}
      <ul class="previewed">
        {events.slice(0, SHOWN).map((event) => {
          const [badge, label] = OUTCOMES[event.outcome];
          const why = event.now.error ?? event.now.failed_clause;
          return (
            <li>
              <Badge status={badge} label={isNew && event.outcome === "no_longer_matches" ? "does not match" : label} />{" "}
              <a href={`/events/${event.id}`}>
                <Time at={event.received_at} />
              </a>{" "}
              {event.type !== null && <Inert text={event.type} max={64} />}
              {why !== null && (
                <p>
                  <Inert text={why} max={300} />
                </p>
              )}
              {diffed.has(event) && <Diff of={event} />}
            </li>
          );
        })}
      </ul>
      {events.length > SHOWN && <p class="muted">The first {SHOWN} are shown.</p>}
    </>
  );
};

const SIGNS = { same: " ", removed: "−", added: "+" } as const;

const Diff = ({ of: { id, diff, diff_cut } }: { of: PreviewShape["events"][number] }) => (
  <details>
    <summary>
      What changes<span class="visually-hidden"> in the request of {id}</span>
    </summary>
    <pre class="diff" tabindex={0} role="region" aria-label={`Changes of the request of ${id}`}>
      {diff?.map(({ op, text }) => (
        <span class={op}>
          {SIGNS[op]} <Inert text={text} max={300} />
          {"\n"}
        </span>
      ))}
    </pre>
    {diff_cut && <p class="muted">There is more.</p>}
  </details>
);
