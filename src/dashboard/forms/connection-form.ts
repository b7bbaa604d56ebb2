// The form of a connection. Its two ends are chosen once.
import type { FieldSpec, FormSpec } from "./form-spec.ts";

type Options = NonNullable<FieldSpec["options"]>;

export const endFields = (sources: Options, destinations: Options): readonly FieldSpec[] => [
  { path: "source", label: "Source", kind: "select", options: sources },
  { path: "destination", label: "Destination", kind: "select", options: destinations },
];

export const CONNECTION_FIELDS: readonly FieldSpec[] = [
  { path: "name", label: "Name", kind: "text", hint: "Empty: made from source and destination." },
  { path: "slug", label: "Slug", kind: "text" },
  { path: "enabled", label: "Enabled", kind: "check", initial: "on" },
  { path: "delay_seconds", label: "Hold every event back for, in seconds", kind: "number", placeholder: "0" },
  { path: "callback_url", label: "Tell of every outcome at", kind: "url", empty: "null" },
  { path: "failure_callback_url", label: "Tell of final failures at", kind: "url", empty: "null" },
];

export const FILTER_FIELD: FieldSpec = {
  path: "filter",
  label: "Filter",
  kind: "json",
  rows: 8,
  empty: "null",
  placeholder: '{"body": {"type": "invoice.paid"}}',
  hint: "JSON over headers, query, path and body. Empty: every event passes.",
};
export const TRANSFORM_FIELD: FieldSpec = {
  path: "transform",
  label: "Transform",
  kind: "json",
  rows: 8,
  empty: "null",
  placeholder: '{"headers": {"set": {"x-order": "{{body.order.id}}"}}}',
  hint: "JSON with headers, query, method, path and body (JSONata). Empty: the request goes as it came.",
};

export const connectionForm = (ends: readonly FieldSpec[]): FormSpec => ({
  fields: [...ends, ...CONNECTION_FIELDS, FILTER_FIELD, TRANSFORM_FIELD],
});
