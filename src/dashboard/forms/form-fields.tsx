// Renders the fields of a form from their specs.
import type { ProblemBody } from "../api-client.ts";
import { Choice } from "../components/choice.tsx";
import { Checkbox, errorsOf, Field, Select, TextArea } from "../components/fields.tsx";
import { TOPICS, type Topic } from "./topics.ts";
import type { FieldKind, FieldSpec, FormValues } from "./form-spec.ts";

const LONG: readonly FieldKind[] = ["lines", "headers", "json", "block", "secrets"];

/** Opens beside the form, so that nothing that was entered is lost. */
const Help = ({ topic }: { topic: Topic }) => (
  <a href={`/docs/guides#${topic}`} target="_blank" rel="noreferrer">
    Help on {TOPICS[topic].toLowerCase()}
    <span class="visually-hidden"> (opens a new tab)</span>
  </a>
);

/** Pages never contain secrets, not even when a form is shown again after an error. */
const SECRET: readonly FieldKind[] = ["secret", "secrets"];

const One = ({ field, values, error }: { field: FieldSpec; values: FormValues; error: string | undefined }) => {
  const { path, kind, label, placeholder, options = [] } = field;
  const typed = values[path] ?? [];
  const isSecret = SECRET.includes(kind);
  const given = isSecret ? [] : typed;
  const hint =
    isSecret && typed.join("").trim() !== "" ? (
      "Enter it again: secrets are never shown."
    ) : field.help === undefined ? (
      field.hint
    ) : (
      <>
        {field.hint} <Help topic={field.help} />
      </>
    );
  const common = { label, name: path, error, ...(hint === undefined ? {} : { hint }) };
  if (kind === "check")
    return <Checkbox label={label} name={path} checked={given[0] === "on"} {...(hint === undefined ? {} : { hint })} />;
  if (kind === "set")
    return (
      <fieldset
        class={error === undefined ? "set" : "set wrong"}
        aria-describedby={error === undefined ? undefined : `${path}-error`}
      >
        <legend>{label}</legend>
        {options.map((option) => (
          <label>
            <input type="checkbox" name={path} value={String(option)} checked={given.includes(String(option))} />
            {option}
          </label>
        ))}
        {error !== undefined && (
          <p class="error" id={`${path}-error`}>
            {error}
          </p>
        )}
      </fieldset>
    );
  if (kind === "select")
    return (
      <>
        <Select {...common} value={given[0]} options={options} />
        {field.decides === true && (
          <button class="button inset" type="submit" name="choose" value={path} formnovalidate>
            Update fields
          </button>
        )}
      </>
    );
  if (kind === "choice" && field.choices !== undefined)
    return (
      <Choice
        label={label}
        name={path}
        choices={field.choices}
        error={error}
        required={field.required ?? false}
        {...(placeholder === undefined ? {} : { placeholder })}
      />
    );
  if (LONG.includes(kind))
    return (
      <TextArea
        {...common}
        value={given[0]}
        rows={field.rows ?? 3}
        secret={isSecret}
        {...(placeholder === undefined ? {} : { placeholder })}
      />
    );
  return (
    <Field
      {...common}
      type={kind === "secret" ? "password" : kind === "url" ? "url" : "text"}
      {...(kind === "number" ? { inputmode: "decimal" as const } : {})}
      value={given[0]}
      {...(placeholder === undefined ? {} : { placeholder })}
      {...(kind === "secret" ? { autocomplete: "new-password" } : {})}
      required={field.required ?? false}
    />
  );
};

export const FormFields = ({
  fields,
  values,
  problem,
}: {
  fields: readonly FieldSpec[];
  values: FormValues;
  problem: ProblemBody | null;
}) => {
  const errors = errorsOf(problem);
  return (
    <>
      {fields.map((field) => (
        <One field={field} values={values} error={errors(`/${field.path}`)} />
      ))}
    </>
  );
};
