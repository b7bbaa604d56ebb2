// Migrations run before the code that needs them, beside the Worker of the last release: they only add. What no release reads any more can be
// dropped a release later.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { brotliDecompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const names = readdirSync(join(root, "migrations"))
  .filter((name) => name.endsWith(".sql"))
  .sort();
const lastRelease = JSON.parse(readFileSync(join(root, "test/fixtures/last-release.json"), "utf8")) as {
  readonly last_migration: string;
};
/** The text of the last release's Worker: it has all SQL that the release runs. */
const lastWorker = brotliDecompressSync(readFileSync(join(root, "test/fixtures/last-release.js.br"))).toString();

/** What a schema offers to a Worker that reads and writes it: tables, columns, indexes. */
type Schema = ReadonlyMap<string, { readonly sql: string; readonly demanded: boolean }>;

function readSchema(db: DatabaseSync): Schema {
  const found = new Map<string, { sql: string; demanded: boolean }>();
  const objects = db
    .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
    .all() as { type: string; name: string; tbl_name: string; sql: string }[];
  for (const { type, name, tbl_name, sql } of objects) {
    const isUnique = sql.startsWith("CREATE UNIQUE");
    found.set(`${type} ${name}`, { sql: type === "table" ? "" : sql, demanded: isUnique });
    if (type !== "table") continue;
    const columns = db.prepare(`SELECT name, type, "notnull", dflt_value FROM pragma_table_info(?)`).all(tbl_name) as {
      name: string;
      type: string;
      notnull: number;
      dflt_value: string | null;
    }[];
    for (const column of columns) {
      const demanded = column.notnull === 1 && column.dflt_value === null;
      found.set(`column ${name}.${column.name}`, { sql: column.type, demanded });
    }
  }
  return found;
}

/** The schema after each migration, from the empty one on. */
const schemas: readonly Schema[] = (() => {
  const db = new DatabaseSync(":memory:");
  return [
    readSchema(db),
    ...names.map((name) => {
      db.exec(readFileSync(join(root, "migrations", name), "utf8"));
      return readSchema(db);
    }),
  ];
})();

/** Whether what is there now serves for what was there before. An index may get further columns after those that it had. */
function covers(now: string | undefined, before: string): boolean {
  const [was, is] = [before, now ?? ""].map((sql) => /^([^(]*)\(([^)]*)\)(.*)$/.exec(sql));
  if (was == null || is == null) return now === before;
  return was[1] === is[1] && was[3] === is[3] && `${is[2]},`.startsWith(`${was[2]},`);
}

/** What a migration takes away from the code before it, or demands of its writes. */
function breaks(before: Schema, after: Schema): string[] {
  const lost = [...before].filter(([what, { sql }]) => !covers(after.get(what)?.sql, sql)).map(([what]) => what);
  const isNewTable = (what: string): boolean => !before.has(`table ${what.replace(/^column ([^.]+)\..*$/, "$1")}`);
  const demanded = [...after].filter(
    ([what, { sql, demanded: isDemanded }]) =>
      isDemanded &&
      !before.has(what) &&
      (what.startsWith("column ") ? !isNewTable(what) : before.has(`table ${/ ON `(\w+)`/.exec(sql)?.[1] ?? ""}`)),
  );
  return [...lost, ...demanded.map(([what]) => `${what} is demanded`)].sort();
}

/** Migrations that break the code before them all the same, and why they may. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // Dropped columns that 0010 had added: a Worker of the time between the two cannot run replays beside it.
  "0011_replays_latest.sql": ["column replays.piece", "column replays.piece_after"],
};

describe("a migration", () => {
  it.each(names.map((name, index) => ({ name, index })))(
    "$name takes nothing away that the code before it reads or writes",
    ({ name, index }) => {
      const [before, after] = [schemas[index] ?? new Map(), schemas[index + 1] ?? new Map()];
      expect(breaks(before, after)).toEqual(EXCEPTIONS[name] ?? []);
    },
  );

  it("since the last release is no exception for anything that this release reads", () => {
    const since = names.filter((name) => name > lastRelease.last_migration);
    const dropped = since.flatMap((name) => EXCEPTIONS[name] ?? []);
    const read = dropped.filter((what) => lastWorker.includes(what.replace(/^\w+ (?:\w+\.)?(\w+).*$/, "$1")));
    expect(read).toEqual([]);
  });
});

describe("the check", () => {
  const base = "CREATE TABLE `a` (`id` text PRIMARY KEY NOT NULL, `b` text); CREATE INDEX `a_b` ON `a` (`b`);";
  it.each([
    ["ALTER TABLE `a` ADD `c` text;", []],
    ["ALTER TABLE `a` ADD `c` text DEFAULT '' NOT NULL;", []],
    ["CREATE TABLE `d` (`id` text NOT NULL); CREATE UNIQUE INDEX `d_id` ON `d` (`id`);", []],
    ["DROP TABLE `a`;", ["column a.b", "column a.id", "index a_b", "table a"]],
    ["ALTER TABLE `a` RENAME COLUMN `b` TO `c`;", ["column a.b", "index a_b"]],
    ["DROP INDEX `a_b`;", ["index a_b"]],
    ["DROP INDEX `a_b`; CREATE INDEX `a_b` ON `a` (`id`);", ["index a_b"]],
    ["DROP INDEX `a_b`; CREATE INDEX `a_b` ON `a` (`b`,`id`);", []],
    ["CREATE UNIQUE INDEX `a_u` ON `a` (`b`);", ["index a_u is demanded"]],
  ])("says of %s: %j", (sql, broken) => {
    const db = new DatabaseSync(":memory:");
    db.exec(base);
    const before = readSchema(db);
    db.exec(sql);
    expect(breaks(before, readSchema(db))).toEqual(broken);
  });
});
