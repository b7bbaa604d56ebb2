// Many rows in one statement: D1 binds at most 100 parameters, so rows are one JSON array that `json_each` expands.
import { getTableColumns, getTableName, type Table } from "drizzle-orm";
import { MAX_JSON_PARAMETER_BYTES } from "../config/record-limits.ts";
import { utf8 } from "../kernel/bytes.ts";

/** The rows as JSON arrays up to the size of a parameter, in order. A larger row is an array of its own. */
export function jsonParameters(rows: readonly object[]): string[] {
  const out: string[] = [];
  let open: string[] = [];
  let size = 2;
  for (const row of rows) {
    const json = JSON.stringify(row);
    const bytes = utf8(json).byteLength;
    if (open.length > 0 && size + bytes > MAX_JSON_PARAMETER_BYTES) {
      out.push(`[${open.join(",")}]`);
      open = [];
      size = 2;
    }
    open.push(json);
    size += bytes + 1;
  }
  if (open.length > 0) out.push(`[${open.join(",")}]`);
  return out;
}

/** `json_extract(value, '$.a'), json_extract(value, '$.b')` for the columns named. */
export const extracts = (columns: readonly string[]): string =>
  columns.map((column) => `json_extract(value, '$.${column}') AS ${column}`).join(", ");

type Columns<T extends Table> = keyof T["_"]["columns"] & string;

/** The names of a table's columns, as the schema has them. */
export const columnsOf = <T extends Table>(table: T, except: readonly Columns<T>[] = []): Columns<T>[] =>
  (Object.keys(getTableColumns(table)) as Columns<T>[]).filter((column) => !except.includes(column));

/** `INSERT INTO table (…) SELECT …`: the value of each column as SQL. The others have their defaults. */
export const insertSelect = <T extends Table>(table: T, values: Partial<Record<Columns<T>, string | number>>): string =>
  `INSERT INTO ${getTableName(table)} (${Object.keys(values).join(", ")}) SELECT ${Object.values(values).join(", ")}`;
