// Form fields with labels, hints and errors. Each error of an API problem is shown next to the field it names.
import type { Child } from "hono/jsx";
import type { ProblemBody } from "../api-client.ts";
import { choiceError } from "./choice-error.ts";
import { Icon } from "./icons.tsx";

/** The error of a field, by its JSON pointer in the API's request body: `/url`, `/rate_limit/limit`. */
export type FieldErrors = (pointer: string) => string | undefined;

/** A field shows the errors of everything below its pointer. */
export const errorsOf =
  (problem: ProblemBody | null | undefined): FieldErrors =>
  (pointer) =>
    problem?.errors
      ?.filter((error) => error.pointer === pointer || error.pointer.startsWith(`${pointer}/`))
      .map((error) =>
        error.pointer === pointer ? error.detail : `${error.pointer.slice(pointer.length + 1)} ${error.detail}`,
      )
      .join("; ") || undefined;

/** A field in words instead of its pointer. In a document, whose pointers have numbers, only the pointer says where it is. */
const fieldWords = (pointer: string): string =>
  /\/\d/.test(pointer) ? pointer : pointer.slice(1).replaceAll(/[/_]/g, " ");

const joined = (errors: NonNullable<ProblemBody["errors"]>, name: (pointer: string) => string): string =>
  errors.map(({ pointer, detail }) => `${name(pointer)} ${detail}`).join("; ");

/** What is wrong, for people. */
export const problemText = ({ detail, errors = [] }: ProblemBody): string =>
  detail === joined(errors, (pointer) => pointer) ? joined(errors, fieldWords) : detail;

/** The problem at the top of a form. */
export const ProblemNotice = ({ problem }: { problem: ProblemBody | null | undefined }) =>
  problem == null ? null : (
    <div class="notice bad" role="alert">
      <Icon name="warn" />
      <div>
        <strong>{problem.title}</strong>
        <p>{problemText(problem)}</p>
        {problem.status >= 500 && problem.request_id !== undefined && <p class="muted">Request {problem.request_id}</p>}
      </div>
    </div>
  );

interface Common {
  readonly label: Child;
  readonly name: string;
  readonly error?: string | undefined;
  readonly hint?: Child;
}

const described = ({ name, error, hint }: Pick<Common, "name" | "error" | "hint">): string | undefined =>
  [hint === undefined ? "" : `${name}-hint`, error === undefined ? "" : `${name}-error`].join(" ").trim() || undefined;

const Around = ({ label, name, error, hint, children }: Common & { children?: Child }) => (
  <div class={error === undefined ? "field" : "field wrong"}>
    <label for={name}>{label}</label>
    {children}
    {hint !== undefined && (
      <p class="hint" id={`${name}-hint`}>
        {hint}
      </p>
    )}
    {error !== undefined && (
      <p class="error" id={`${name}-error`}>
        {error}
      </p>
    )}
  </div>
);

export const Field = ({
  type = "text",
  value,
  required,
  autocomplete = "off",
  placeholder,
  inputmode,
  list,
  seconds,
  ...common
}: Common & {
  type?: "text" | "password" | "number" | "url" | "search" | "datetime-local";
  value?: string | number | null | undefined;
  required?: boolean;
  autocomplete?: string;
  placeholder?: string;
  inputmode?: "numeric" | "decimal";
  /** The id of a datalist with suggestions. */
  list?: string;
  /** A time is given to the second. The script takes it in the viewer's time zone. */
  seconds?: boolean;
}) => (
  <Around {...common}>
    <input
      id={common.name}
      name={common.name}
      type={type}
      value={value ?? undefined}
      required={required}
      autocomplete={autocomplete}
      placeholder={placeholder}
      inputmode={inputmode}
      list={list}
      step={seconds === true ? 1 : undefined}
      data-instant={seconds === true && type === "datetime-local" ? "" : undefined}
      aria-invalid={common.error === undefined ? undefined : "true"}
      aria-describedby={described(common)}
    />
  </Around>
);

export const TextArea = ({
  value,
  rows = 6,
  placeholder,
  secret,
  ...common
}: Common & { value?: string | undefined; rows?: number; placeholder?: string; secret?: boolean }) => (
  <Around {...common}>
    <textarea
      id={common.name}
      name={common.name}
      rows={rows}
      spellcheck={false}
      placeholder={placeholder}
      data-secret={secret === true ? "" : undefined}
      aria-invalid={common.error === undefined ? undefined : "true"}
      aria-describedby={described(common)}
    >
      {value ?? ""}
    </textarea>
  </Around>
);

/** @param options value and label; a plain string is both */
export const Select = ({
  value,
  options,
  error,
  ...rest
}: Common & { value?: string | undefined; options: readonly (string | readonly [string, string])[] }) => {
  const labelled = options.map((option) => (typeof option === "string" ? ([option, option] as const) : option));
  const common = { ...rest, error: error === undefined ? undefined : choiceError(error, new Map(labelled)) };
  return (
    <Around {...common}>
      <select
        id={common.name}
        name={common.name}
        aria-invalid={error === undefined ? undefined : "true"}
        aria-describedby={described(common)}
      >
        {labelled.map(([key, label]) => (
          <option value={key} selected={key === value}>
            {label}
          </option>
        ))}
      </select>
    </Around>
  );
};

export const Checkbox = ({
  label,
  name,
  checked,
  value = "on",
  hint,
}: Omit<Common, "error"> & { checked?: boolean; value?: string }) => (
  <div class="field check">
    <label>
      <input type="checkbox" name={name} value={value} checked={checked} />
      {label}
    </label>
    {hint !== undefined && <p class="hint">{hint}</p>}
  </div>
);
