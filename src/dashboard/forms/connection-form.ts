// The form of a connection. Source and destination cannot be changed later.
import type { FieldSpec, FormSpec } from "./form-spec.ts";

type Options = NonNullable<FieldSpec["options"]>;

export const endFields = (sources: Options, destinations: Options): readonly FieldSpec[] => [
  { path: "source", label: "Source", kind: "select", options: sources },
  { path: "destination", label: "Destination", kind: "select", options: destinations },
];

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
};
export const TRANSFORM_FIELD: FieldSpec = {
  path: "transform",
  label: "Transform",
  kind: "json",
  rows: 8,
  empty: "null",
  placeholder: '{"headers": {"set": {"x-order": "{{body.order.id}}"}}}',
  hint: "JSON with headers, query, method, path and body (JSONata). Empty: the request is sent unchanged.",
};

export const connectionForm = (ends: readonly FieldSpec[]): FormSpec => ({
  fields: [...ends, ...CONNECTION_FIELDS, FILTER_FIELD, TRANSFORM_FIELD],
});
