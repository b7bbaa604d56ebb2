// The form of a connection. Source and destination cannot be changed later.
import type { Choices } from "../components/choice.tsx";
import type { FieldSpec, FormSpec } from "./form-spec.ts";

/** @param choices none where the form is only read */
export const endFields = (choices?: {
  readonly source: Choices;
  readonly destination: Choices;
}): readonly FieldSpec[] =>
  [["source", "Source"] as const, ["destination", "Destination"] as const].map(([path, label]) => ({
    path,
    label,
    kind: "choice",
    required: true,
    ...(choices === undefined ? {} : { choices: choices[path] }),
  }));

export const CONNECTION_FIELDS: readonly FieldSpec[] = [
  { path: "name", label: "Name", kind: "text", hint: "Empty: derived from source and destination." },
  { path: "slug", label: "Slug", kind: "text" },
  { path: "enabled", label: "Enabled", kind: "check", initial: "on" },
  { path: "delay_seconds", label: "Delay (seconds)", kind: "number", placeholder: "0" },
  {
    path: "callback_url",
    label: "Success callback URL",
    kind: "url",
    empty: "null",
    hint: "Called when a delivery succeeds.",
  },
  {
    path: "failure_callback_url",
    label: "Failure callback URL",
    kind: "url",
    empty: "null",
    hint: "Called when a delivery ends dead.",
  },
];

export const FILTER_FIELD: FieldSpec = {
  path: "filter",
  label: "Filter",
  kind: "json",
  rows: 8,
  empty: "null",
  placeholder: '{"body": {"type": "invoice.paid"}}',
  hint: "JSON over headers, query, path and body. Empty: every event matches.",
  help: "filters",
};
export const MISSING_FIELD: FieldSpec = {
  path: "missing_matches_not",
  label: "A missing field meets $not",
  kind: "check",
  initial: "on",
  hint: "Off for filters that were written for Hookdeck.",
};
export const TRANSFORM_FIELD: FieldSpec = {
  path: "transform",
  label: "Transform",
  kind: "json",
  rows: 8,
  empty: "null",
  placeholder: '{"headers": {"set": {"x-order": "{{body.order.id}}"}}}',
  hint: "JSON with headers, query, method, path and body (JSONata). Empty: the request is sent unchanged.",
  help: "transforms",
};

export const connectionForm = (ends: readonly FieldSpec[]): FormSpec => ({
  fields: [...ends, ...CONNECTION_FIELDS, FILTER_FIELD, MISSING_FIELD, TRANSFORM_FIELD],
});
