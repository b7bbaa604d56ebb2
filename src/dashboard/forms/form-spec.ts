// Forms as data: each field stands for one place in an API request body and is named after it. So one list defines how a form looks, its
// values, what is sent and where an error is shown. The API does all validation.
import type { Child } from "hono/jsx";
import type { Topic } from "./topics.ts";
import type { Choices } from "../components/choice.tsx";

export type FieldKind =
  | "text"
  | "url"
  | "number"
  | "select"
  /** The name of another record. */
  | "choice"
  | "check"
  /** Checkboxes: the value is the list of checked options. */
  | "set"
  /** A list, one item per line. */
  | "lines"
  /** A list in one line, separated by commas. */
  | "list"
  | "numbers"
  /** Text with several lines. */
  | "block"
  /** Header names and values, one per line. */
  | "headers"
  | "json"
  /** Never prefilled; an empty field keeps the stored value. */
  | "secret"
  | "secrets";

export interface FieldSpec {
  /** Its place in the body: `name`, `rate_limit/limit`. */
  readonly path: string;
  readonly label: string;
  readonly kind: FieldKind;
  readonly hint?: Child;
  /** What explains how its value is written. */
  readonly help?: Topic;
  readonly placeholder?: string;
  /** Of a select or a set: value and label; a plain string is both. */
  readonly options?: readonly (string | readonly [string, string])[];
  /** Of a choice. */
  readonly choices?: Choices;
  readonly required?: boolean;
  readonly rows?: number;
  /** What an empty field means: left out (the default), null, or the empty text. */
  readonly empty?: "null" | "text";
  /** The value in a new form. */
  readonly initial?: string | readonly string[];
  /** Its value decides which other fields the form has; it gets a button that updates them. */
  readonly decides?: boolean;
}

export interface FormSpec {
  readonly fields: readonly FieldSpec[];
  /** Objects that are null while one of their fields is empty: name of the object, name of the field. */
  readonly nullable?: Readonly<Record<string, string>>;
}

/** A form's values by field path, as a browser sends them. */
export type FormValues = Readonly<Record<string, readonly string[]>>;
