// Applies the files in migrations/ to a database, in the table of `wrangler d1 migrations`, so that both ways can be used in turn.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cloudflare } from "../cloudflare/api.ts";

export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(names.map(async (name) => ({ name, sql: await readFile(join(folder, name), "utf8") })));
}

const TABLE = `CREATE TABLE IF NOT EXISTS "d1_migrations"(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);`;

type Answer<Row> = readonly { readonly results?: readonly Row[] }[];

/** @param database its path in the API @returns their names; none for an empty database */
export async function appliedMigrations(api: Cloudflare, database: string): Promise<readonly string[]> {
  const query = async (sql: string): Promise<readonly string[]> => {
    const [answer] = await api.call<Answer<{ name: string }>>("POST", `${database}/query`, { sql });
    return (answer?.results ?? []).map(({ name }) => name);
  };
  const tables = await query("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'd1_migrations'");
  return tables.length === 0 ? [] : query('SELECT name FROM "d1_migrations" ORDER BY id');
}

/** Each in one request, which D1 applies as a whole or not at all. @param database its path in the API */
export async function applyMigrations(api: Cloudflare, database: string, pending: readonly Migration[]): Promise<void> {
  for (const { name, sql } of pending) {
    const record = `INSERT INTO "d1_migrations" (name) VALUES ('${name.replaceAll("'", "''")}');`;
    await api.call("POST", `${database}/query`, { sql: `${TABLE}\n${sql}\n${record}` });
  }
}
