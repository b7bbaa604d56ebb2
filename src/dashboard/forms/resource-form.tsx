// A form that creates or edits one record of the configuration, in groups, with errors next to the fields.
import type { Child } from "hono/jsx";
import type { ProblemBody } from "../api-client.ts";
import { ProblemNotice } from "../components/fields.tsx";
import type { Ctx } from "../deps.ts";
import { Csrf } from "../layout.tsx";
import { FormFields } from "./form-fields.tsx";
import type { FieldSpec, FormValues } from "./form-spec.ts";

/** @param groups fields by group name; the group without a name comes first, without a frame */
export const ResourceForm = ({
  c,
  action,
  groups,
  values,
  problem,
  label,
  back,
  trial,
  children,
}: {
  c: Ctx;
  action: string;
  groups: Readonly<Record<string, readonly FieldSpec[]>>;
  values: FormValues;
  problem: ProblemBody | null;
  label: string;
  back: string;
  /** Name, value and action of the button that tries the form out. Enter presses that one; with the script, only in fields of a trial. */
  trial?: { readonly name: string; readonly value: string; readonly formaction: string };
  /** Between the fields and the buttons. */
  children?: Child;
}) => (
  <form class="card wide" method="post" action={action} data-tries={trial === undefined ? undefined : ""}>
    <Csrf c={c} />
    <ProblemNotice problem={problem} />
    {/* Enter presses the first button of a form; it must not be the one that updates fields. */}
    <button class="visually-hidden" type="submit" tabindex={-1} aria-hidden="true" {...trial}>
      {label}
    </button>
    {Object.entries(groups).map(([name, fields]) =>
      name === "" ? (
        <div class="row">
          <FormFields fields={fields} values={values} problem={problem} />
        </div>
      ) : (
        <fieldset>
          <legend>{name}</legend>
          <div class="row">
            <FormFields fields={fields} values={values} problem={problem} />
          </div>
        </fieldset>
      ),
    )}
    {children}
    <div class="buttons">
      <button class="button primary" type="submit">
        {label}
      </button>
      <a class="button quiet" href={back}>
        Cancel
      </a>
    </div>
  </form>
);
