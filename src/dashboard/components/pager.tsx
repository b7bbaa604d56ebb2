// Paging through a list, newest first, with the API's cursor.
import type { Ctx } from "../deps.ts";

/** The URL of each page being made. */
const urls = new WeakMap<Ctx, URL>();

/** The page's URL with changed query parameters; null and the empty string remove one. */
export function here(c: Ctx, change: Readonly<Record<string, string | null>>): string {
  const url = urls.get(c) ?? new URL(c.req.url);
  urls.set(c, url);
  const { pathname } = url;
  const searchParams = new URLSearchParams(url.searchParams);
  for (const name of ["done", "check"]) searchParams.delete(name);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === "") searchParams.delete(name);
    else searchParams.set(name, value);
  }
  const query = searchParams.toString();
  return query === "" ? pathname : `${pathname}?${query}`;
}

/**
 * @param shown rows on this page @param what plural noun: `events` @param ordered by something else than time
 * @param pin query parameters that change on further pages @param error of the cursor in the URL
 */
export const Pager = ({
  c,
  next,
  shown,
  what,
  ordered = false,
  pin = {},
  error,
}: {
  c: Ctx;
  next: string | null;
  shown: number;
  what: string;
  ordered?: boolean;
  pin?: Readonly<Record<string, string | null>>;
  error?: string | undefined;
}) => {
  const later = c.req.query("cursor") !== undefined;
  if (next === null && !later) return null;
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      {later && (
        <a class="button" href={here(c, { cursor: null })}>
          {ordered ? "First page" : "Newest"}
        </a>
      )}
      {next !== null && (
        <a class="button" href={here(c, { ...pin, cursor: next })} rel="next">
          {ordered ? "More" : "Older"}
        </a>
      )}
      {error !== undefined && <span class="error">There is no such page of this list.</span>}
      {shown === 0 && next !== null && <span class="muted">No matches so far. Continue with older ones.</span>}
    </nav>
  );
};
