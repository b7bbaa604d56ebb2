// A local D1 with so many events on record, and a reader over it that counts what it reads.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getPlatformProxy } from "wrangler";
import { createReader, type Reader } from "../../src/record/index.ts";
import { recordTables } from "../../src/store/index.ts";
import { readPayload, seedSegments, writeD1 } from "../segment-file.ts";
import { HAS_ROWS, seedStatements } from "./seed.ts";
import { seededBatches } from "./segments.ts";

const root = join(import.meta.dirname, "../..");

export class SeededDatabase {
  readonly reader: Reader;
  /** Since they were last set. */
  rowsRead = 0;
  objectsRead = 0;
  readonly #db: D1Database;
  readonly #close: () => Promise<void>;

  private constructor(db: D1Database, close: () => Promise<void>) {
    this.#db = db;
    this.#close = close;
    const counting = {
      prepare: (sql: string) => db.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        const results = await db.batch(statements);
        for (const { meta } of results) this.rowsRead += meta.rows_read;
        return results;
      },
    } as unknown as D1Database;
    this.reader = createReader({
      tables: recordTables(counting, Date.now),
      payloads: {
        read: async (_key, _offset, length) => {
          this.objectsRead += 1;
          return readPayload(length);
        },
      },
      report: (what, error) => console.error(what, error),
      unreadable: (segment) => console.error(segment),
    });
  }

  static async create(events: number): Promise<SeededDatabase> {
    const state = await mkdtemp(join(tmpdir(), "sluice-lists-"));
    const open = () =>
      getPlatformProxy<{ DB: D1Database }>({ configPath: join(root, "wrangler.toml"), persist: { path: state } });
    const { env, dispose } = await open();
    for (const name of (await readdir(join(root, "migrations"))).filter((file) => file.endsWith(".sql")).sort()) {
      const sql = await readFile(join(root, "migrations", name), "utf8");
      for (const statement of sql.split("--> statement-breakpoint")) await env.DB.prepare(statement).run();
    }
    for (const sql of seedStatements(events, 50_000, HAS_ROWS)) await env.DB.prepare(sql).run();
    await dispose();
    writeD1(state, (db) => seedSegments(db, seededBatches(events)));
    const opened = await open();
    return new SeededDatabase(opened.env.DB, async () => {
      await opened.dispose();
      await rm(state, { recursive: true, force: true });
    });
  }

  async size(): Promise<string> {
    const { results, meta } = await this.#db
      .prepare("SELECT (SELECT COUNT(*) FROM events) AS rows, (SELECT COUNT(*) FROM segments) AS segments")
      .run();
    return `${JSON.stringify(results[0])}, ${(meta.size_after / 1e6).toFixed(0)} MB`;
  }

  close(): Promise<void> {
    return this.#close();
  }
}
