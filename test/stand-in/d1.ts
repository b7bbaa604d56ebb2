// D1 as its REST API shows it, on SQLite in memory: several statements a query, all or nothing, with bookmarks to go back to.
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { refuse } from "./refusal.ts";

const MAX_STATEMENT_BYTES = 100_000;
/** SQLite's statements, split at semicolons outside quotes, comments and the bodies of triggers. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\/\*[^]*?\*\/|\b(?:CREATE\s+(?:TEMP\s+)?TRIGGER|END)\b|;/gi;

interface Answer {
  readonly results: readonly unknown[];
  readonly success: true;
  readonly meta: Readonly<Record<string, number>>;
}

export class D1 {
  #db = new DatabaseSync(":memory:");
  readonly #bookmarks = new Map<string, string>();
  /** What was uploaded to be imported. */
  uploaded = "";

  query(sql: string, whole = false): readonly Answer[] {
    const parts = statements(sql);
    this.#db.exec("BEGIN");
    try {
      const answers = parts.map((part): Answer => {
        if (Buffer.byteLength(part) > MAX_STATEMENT_BYTES && !whole)
          return refuse(7500, "statement too long: SQLITE_TOOBIG");
        const results = this.#db.prepare(part).all();
        return {
          results,
          success: true,
          meta: { duration: 0, rows_read: 0, rows_written: 0, statements: parts.length },
        };
      });
      this.#db.exec("COMMIT");
      return answers;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      return refuse(7500, `${error instanceof Error ? error.message : String(error)}: SQLITE_ERROR`);
    }
  }

  bookmark(): string {
    const id = String(this.#bookmarks.size).padStart(8, "0");
    this.#bookmarks.set(id, this.dump());
    return id;
  }

  /** The bookmark of an instant: the last state that was marked. */
  bookmarkAt(instant: string): string {
    if (Number.isNaN(Date.parse(instant))) refuse(7400, "invalid timestamp");
    return [...this.#bookmarks.keys()].at(-1) ?? refuse(7400, "no bookmark at this time");
  }

  /** @returns the bookmark of the state before */
  restore(bookmark: string): string {
    const then = this.#bookmarks.get(bookmark) ?? refuse(7400, "no such bookmark");
    const before = this.bookmark();
    this.#db = new DatabaseSync(":memory:");
    this.query(then, true);
    return before;
  }

  /** As `d1 export` writes it: tables with their rows, then indexes. */
  dump(): string {
    const objects = this.#db
      .prepare("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
      .all() as { type: string; name: string; sql: string }[];
    const lines = ["PRAGMA defer_foreign_keys=TRUE;"];
    for (const { type, name, sql } of objects.toSorted((a, b) => rank(a.type) - rank(b.type))) {
      lines.push(`${sql};`);
      if (type !== "table") continue;
      for (const row of this.#db.prepare(`SELECT * FROM "${name}"`).all())
        lines.push(
          `INSERT INTO "${name}" (${Object.keys(row)
            .map((column) => `"${column}"`)
            .join(",")}) VALUES(${Object.values(row).map(literal).join(",")});`,
        );
    }
    return lines.join("\n");
  }
}

const rank = (type: string): number => (type === "table" ? 0 : 1);

function literal(value: SQLOutputValue): string {
  if (value === null) return "NULL";
  if (value instanceof Uint8Array) return `X'${Buffer.from(value).toString("hex")}'`;
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
}

function statements(sql: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let inTrigger = false;
  for (const match of sql.matchAll(TOKEN)) {
    const end = match.index + match[0].length;
    if (/^create/i.test(match[0])) inTrigger = true;
    else if (/^end$/i.test(match[0])) inTrigger = inTrigger && !/^\s*;/.test(sql.slice(end));
    else if (match[0] === ";" && !inTrigger) {
      parts.push(sql.slice(from, end));
      from = end;
    }
  }
  parts.push(sql.slice(from));
  return parts.map((part) => part.trim()).filter((part) => part.replaceAll(/--[^\n]*/g, "").trim() !== "");
}
