// Forms as data: each field stands for one place in a body of the API, and is named by it. So one list says how a form looks, what it is
// filled with, what is sent, and where an error belongs. What is right or wrong the API decides.
import type { Child } from "hono/jsx";

export type FieldKind =
  | "text"
  | "url"
  | "number"
  | "select"
  | "check"
  /** One of several ticked: a list of the options. */
  | "set"
  /** A list, an item a line. */
  | "lines"
  /** A list in one line, between commas. */
  | "list"
  | "numbers"
  /** A text of several lines. */
  | "block"
  /** Header names and values, one a line. */
  | "headers"
  | "json"
  /** Never filled in; left empty it stays as it is. */
  | "secret"
  | "secrets";

export interface FieldSpec {
  /** Where it stands in the body: `name`, `rate_limit/limit`. */
  readonly path: string;
  readonly label: string;
  readonly kind: FieldKind;
  readonly hint?: Child;
  readonly placeholder?: string;
  /** Of a select or a set: value and label; a bare text is both. */
  readonly options?: readonly (string | readonly [string, string])[];
  readonly required?: boolean;
  readonly rows?: number;
  /** What leaving it empty means: left out (the default), or null. */
  readonly empty?: "null";
  /** What a new form holds. */
  readonly initial?: string | readonly string[];
  /** Decides which fields the form has: it gets a button that shows them. */
  readonly decides?: boolean;
}

export interface FormSpec {
  readonly fields: readonly FieldSpec[];
  /** Objects that are null while a field of theirs is empty: the object's name and the field's. */
  readonly nullable?: Readonly<Record<string, string>>;
}

/** What a form holds, by the fields' paths, as a browser sends it. */
export type FormValues = Readonly<Record<string, readonly string[]>>;
