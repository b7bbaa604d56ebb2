// The filters of a list: a GET form, so that every view has a URL.
import type { Child } from "hono/jsx";
import type { Ctx } from "../deps.ts";

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
