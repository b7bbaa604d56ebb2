// Whether a database has the tables and columns that this release reads and writes.
import { getTableColumns, is } from "drizzle-orm";
import { getTableConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import * as schema from "./schema.ts";

const quoted = (name: string): string => `"${name}"`;

/** One statement for each table, which reads every column of no row. Unqualified, SQLite takes a missing column for a text in quotes. */
const STATEMENTS = Object.values(schema)
  .filter((table) => is(table, SQLiteTable))
  .map((table) => {
    const from = quoted(getTableConfig(table).name);
    const columns = Object.values(getTableColumns(table)).map(({ name }) => `${from}.${quoted(name)}`);
    return `SELECT ${columns.join(", ")} FROM ${from} LIMIT 0`;
  });

/** What migrations have not added yet, as SQLite says it: `no such table: segments`. Null for nothing. @throws when D1 does not answer */
export async function missingFromSchema(db: D1Database): Promise<string | null> {
  try {
    await db.batch(STATEMENTS.map((statement) => db.prepare(statement)));
    return null;
  } catch (error) {
    const missing = /no such (?:table|column): [\w."]+/.exec(error instanceof Error ? error.message : "")?.[0];
    if (missing === undefined) throw error;
    return missing;
  }
}
