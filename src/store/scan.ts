// Scans of rows for a page, newest first. Each examines a bounded number of rows, however few match.
export type { Page } from "../record/index.ts";

/** A column, or an expression over `walked.id`, and its required value, or several of which it has one. */
export type Equal = readonly [what: string, value: string | number | readonly string[]];

export interface Scan {
  readonly table: "deliveries" | "events";
  /** The selected columns. The row is `r`. */
  readonly columns: string;
  /** An index that has the order of the keys for equal `by`. Default: the primary key. */
  readonly index?: { readonly name: string; readonly condition: string; readonly by: readonly Equal[] } | undefined;
  /** Conditions on columns. */
  readonly filters: readonly Equal[];
  /** Conditions on expressions over `walked.id`. */
  readonly derived?: readonly Equal[];
  /** A text, and a condition over `walked.id` and the parameter that has it. */
  readonly contains?: { readonly text: string; readonly condition: (parameter: string) => string } | undefined;
  /** Keys from (inclusive) and to (exclusive). */
  readonly from: string;
  readonly to: string;
  /** The number of rows to examine. */
  readonly entries: number;
}

/** What a scan has examined. */
export interface Scanned<T> {
  /** Those that match, newest first: at most one more than the limit. */
  readonly rows: readonly T[];
  /** The ids of all rows examined from `to` on. */
  readonly ids: readonly string[];
  /** The last id examined; null at the end. */
  readonly to: string | null;
}

const conditions = (equals: readonly Equal[], values: (string | number)[]): string[] =>
  equals.map(([what, value]) =>
    typeof value === "object"
      ? `${what} IN (SELECT value FROM json_each(?${values.push(JSON.stringify(value))}))`
      : `${what} = ?${values.push(value)}`,
  );

/** The rows of a range, newest first, as the end of a SELECT, and its parameters. */
export function walkOf({ table, index, from, to }: Pick<Scan, "table" | "index" | "from" | "to">): {
  readonly walk: string;
  readonly values: (string | number)[];
} {
  const values: (string | number)[] = [from, to];
  const along = [
    "id >= ?1",
    "id < ?2",
    ...(index === undefined ? [] : [index.condition, ...conditions(index.by, values)]),
  ];
  const by = index === undefined ? "" : `INDEXED BY ${index.name}`;
  return { walk: `FROM ${table} ${by} WHERE ${along.join(" AND ")} ORDER BY id DESC`, values };
}

/** The statements of a scan: one where every row matches, else a second one for the ids that were examined. In one batch. */
export function scanStatements(db: D1Database, scan: Scan, limit: number): D1PreparedStatement[] {
  const { table, filters } = scan;
  const { walk, values } = walkOf(scan);
  const examined = db.prepare(`SELECT id ${walk} LIMIT ${scan.entries}`).bind(...values);
  const wanted = conditions([...filters, ...(scan.derived ?? [])], values);
  if (scan.contains !== undefined) wanted.push(scan.contains.condition(`?${values.push(scan.contains.text)}`));
  const page = db
    .prepare(
      `SELECT ${scan.columns} FROM (
         SELECT id FROM (SELECT ${["id", ...filters.map(([column]) => column)].join(", ")} ${walk} LIMIT ${scan.entries}) AS walked
         ${wanted.length === 0 ? "" : `WHERE ${wanted.join(" AND ")}`} LIMIT ${limit + 1}) AS found
       JOIN ${table} AS r ON r.id = found.id ORDER BY r.id DESC`,
    )
    .bind(...values);
  return wanted.length === 0 ? [page] : [page, examined];
}

/** @param results of the scan's statements, in their order */
export function readScan<T extends { readonly id: string }>(
  [found, examined]: readonly D1Result[],
  scan: Scan,
  limit: number,
): Scanned<T> {
  const rows = (found?.results ?? []) as T[];
  const ids = ((examined ?? found)?.results as { readonly id: string }[] | undefined)?.map(({ id }) => id) ?? [];
  const last = rows[limit]?.id ?? (ids.length === scan.entries ? ids.at(-1) : undefined);
  return { rows, ids, to: last ?? null };
}
