// A form that makes or changes one thing of the configuration, group by group, with its errors beside the fields.
import type { Child } from "hono/jsx";
import type { ProblemBody } from "../api-client.ts";
import { ProblemNotice } from "../components/fields.tsx";
import type { Ctx } from "../deps.ts";
import { Csrf } from "../layout.tsx";
import { FormFields } from "./form-fields.tsx";
import type { FieldSpec, FormValues } from "./form-spec.ts";

/** @param groups fields by the group's name; the one without a name comes first, in no frame */
export const ResourceForm = ({
  c,
  action,
  groups,
  values,
  problem,
  label,
  back,
  children,
}: {
  c: Ctx;
  action: string;
  groups: Readonly<Record<string, readonly FieldSpec[]>>;
  values: FormValues;
  problem: ProblemBody | null;
  label: string;
  back: string;
  /** Between the fields and the buttons. */
  children?: Child;
}) => (
  <form class="card wide" method="post" action={action}>
    <Csrf c={c} />
    <ProblemNotice problem={problem} />
    {/* What Enter presses: the first button of a form, not the one that shows other fields. */}
    <button class="visually-hidden" type="submit" tabindex={-1} aria-hidden="true">
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
