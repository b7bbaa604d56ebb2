// A source or destination that is made on the way to a connection: the query `for=connection` leads back to its form.
import type { Ctx } from "../deps.ts";

type End = "source" | "destination";

/** The query of the links that lead to the form of one end, with the other end if that is chosen. */
export const forConnection = (other: End, slug: string): string =>
  `?${String(new URLSearchParams({ for: "connection", ...(slug === "" ? {} : { [other]: slug }) }))}`;

/** The same query for the form to be sent to; empty if the record is not made for a connection. */
export const keptQuery = (c: Ctx): string => (c.req.query("for") === "connection" ? new URL(c.req.url).search : "");

/** Where to go with the new record; null if it is not made for a connection. */
export function backToConnection(c: Ctx, made: End, slug: string): string | null {
  if (c.req.query("for") !== "connection") return null;
  const other: End = made === "source" ? "destination" : "source";
  const known = c.req.query(other);
  const query = { [made]: slug, ...(known === undefined ? {} : { [other]: known }), done: "created" };
  return `/connections/new?${String(new URLSearchParams(query))}`;
}
