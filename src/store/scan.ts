// Pages of records, newest first: each looks at a bounded number of rows, however few of them match. A filter that seldom matches gives a
// short page and says where the next one goes on.

export interface Page<T> {
  readonly rows: readonly T[];
  /** The key that the next page follows; null at the end. */
  readonly next: string | null;
}

/** A column, or an expression over `walked.id`, and the value that it must have. */
export type Equal = readonly [what: string, value: string];

export interface Scan {
  readonly table: "deliveries" | "events";
  /** Columns of a row of the page, which is `r`. */
  readonly columns: string;
  /** An index that is in the order of the keys where `by` holds; without it the primary key is walked along. */
  readonly index?: { readonly name: string; readonly condition: string; readonly by: readonly Equal[] } | undefined;
  /** Columns that a row of the page must have so. */
  readonly filters: readonly Equal[];
  /** What must follow so from the entry's id. */
  readonly derived?: readonly Equal[];
  /** What a row must contain, ASCII letters in either case. `of` is an expression over `walked.id`. */
  readonly contains?: { readonly of: string; readonly text: string } | undefined;
  /** Keys from (inclusive) and to (exclusive). */
  readonly from: string;
  readonly to: string;
  /** Entries to look at, at the most. */
  readonly entries: number;
}

/** One round trip, one view of the table: what is written meanwhile neither repeats nor hides a row. */
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
  // Where everything matches the page itself says where it ends.
  const [found, last] = await db.batch<{ id: string }>(wanted.length === 0 ? [page] : [page, end]);
  const results = (found?.results ?? []) as unknown as T[];
  const rows = results.slice(0, limit);
  const next = results.length > limit ? rows.at(-1)?.id : last?.results[0]?.id;
  return { rows, next: next ?? null };
}
