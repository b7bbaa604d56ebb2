// An event's type in a list: a link to the others of that type, and the filter by it.
import type { Ctx } from "../deps.ts";
import { Field, type FieldErrors } from "./fields.tsx";
import { Inert } from "./inert.tsx";
import { here } from "./pager.tsx";

/** @param what plural noun: `events` */
export const TypeCell = ({ c, type, what }: { c: Ctx; type: string | null; what: string }) =>
  type === null ? (
    <span class="muted">none</span>
  ) : (
    <a href={here(c, { type, cursor: null })} title={`Only ${what} of this type`}>
      <Inert text={type} />
    </a>
  );

export const TypeFilter = ({ value, errors }: { value: string | undefined; errors: FieldErrors }) => (
  <Field label="Type" name="type" value={value} error={errors("/query/type")} placeholder="invoice.paid" />
);
