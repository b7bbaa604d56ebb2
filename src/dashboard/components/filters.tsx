// The filters of a list: a GET form, so that every view has a URL.
import type { Child } from "hono/jsx";
import type { Ctx } from "../deps.ts";
import { Field } from "./fields.tsx";

/** @param children the fields @param keep query parameters that the form keeps @param clear parameters that "Clear" removes */
export const Filters = ({
  c,
  clear,
  keep = [],
  children,
}: {
  c: Ctx;
  clear: readonly string[];
  keep?: readonly string[];
  children?: Child;
}) => {
  const { pathname } = new URL(c.req.url);
  const narrowed = clear.some((name) => (c.req.query(name) ?? "") !== "");
  return (
    <form class="filters" method="get" action={pathname}>
      {keep.map((name) => {
        const value = c.req.query(name);
        return value === undefined ? null : <input type="hidden" name={name} value={value} />;
      })}
      {children}
      <div class="buttons">
        <button class="button" type="submit">
          Apply
        </button>
        {narrowed && (
          <a class="button quiet" href={pathname}>
            Clear
          </a>
        )}
      </div>
    </form>
  );
};

/** Fields that are seldom needed: open where one of them is set. @param names of these fields */
export const MoreFilters = ({ c, names, children }: { c: Ctx; names: readonly string[]; children?: Child }) => {
  const set = names.filter((name) => (c.req.query(name) ?? "") !== "").length;
  return (
    <details class="more" open={set > 0}>
      <summary>More filters{set > 0 && ` (${set} set)`}</summary>
      <div class="filters">{children}</div>
    </details>
  );
};

/** The longest text that the API searches for. */
const MAX_SEARCH = 200;
const NAME = "q";

/** What a list of named records is searched for; empty for all. */
export const searched = (c: Ctx): string => (c.req.query(NAME) ?? "").trim().slice(0, MAX_SEARCH);

/** Searches a list of named records. */
export const Search = ({ c }: { c: Ctx }) => (
  <Filters c={c} clear={[NAME]}>
    <Field label="Name or slug" name={NAME} type="search" value={searched(c)} />
  </Filters>
);
