// Pages of records, newest first. Each examines a bounded number of rows, however few match: a filter with few matches gives a short page
// and the key where the next one continues.

export interface Page<T> {
  readonly rows: readonly T[];
  /** The key that the next page follows; null at the end. */
  readonly next: string | null;
}

/** A column, or an expression over `walked.id`, and its required value. */
export type Equal = readonly [what: string, value: string];

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
  /** A text that `of`, an expression over `walked.id`, must contain. ASCII letters match in either case. */
  readonly contains?: { readonly of: string; readonly text: string } | undefined;
  /** Keys from (inclusive) and to (exclusive). */
  readonly from: string;
  readonly to: string;
  /** The number of rows to examine. */
  readonly entries: number;
}

/** One round trip on one state of the table: a concurrent write neither repeats nor hides a row. */
export async function scanPage<T extends { readonly id: string }>(
  db: D1Database,
  scan: Scan,
  limit: number,
): Promise<Page<T>> {
  const values: string[] = [scan.from, scan.to];
  const conditions = (equals: readonly Equal[]): string[] =>
    equals.map(([what, value]) => `${what} = ?${values.push(value)}`);
  const { table, index, filters } = scan;
  const along = ["id >= ?1", "id < ?2", ...(index === undefined ? [] : [index.condition, ...conditions(index.by)])];
  const walk = `FROM ${table} ${index === undefined ? "" : `INDEXED BY ${index.name}`} WHERE ${along.join(" AND ")} ORDER BY id DESC`;
  const end = db.prepare(`SELECT id ${walk} LIMIT 1 OFFSET ${scan.entries - 1}`).bind(...values);
  const wanted = conditions([...filters, ...(scan.derived ?? [])]);
  if (scan.contains !== undefined)
    wanted.push(`instr(lower(${scan.contains.of}), lower(?${values.push(scan.contains.text)})) > 0`);
  const page = db
    .prepare(
      `SELECT ${scan.columns} FROM (
         SELECT id FROM (SELECT ${["id", ...filters.map(([column]) => column)].join(", ")} ${walk} LIMIT ${scan.entries}) AS walked
         ${wanted.length === 0 ? "" : `WHERE ${wanted.join(" AND ")}`} LIMIT ${limit + 1}) AS found
       JOIN ${table} AS r ON r.id = found.id ORDER BY r.id DESC`,
    )
    .bind(...values);
  // Without conditions every row matches, and the page itself shows where it ends.
  const [found, last] = await db.batch<{ id: string }>(wanted.length === 0 ? [page] : [page, end]);
  const results = (found?.results ?? []) as unknown as T[];
  const rows = results.slice(0, limit);
  const next = results.length > limit ? rows.at(-1)?.id : last?.results[0]?.id;
  return { rows, next: next ?? null };
}
