// Stores a gate's waiting deliveries: one row for each call that brought some, so that a call writes only what it changes. Unused by gates of
// destinations that take one event at a time.
import { NOTHING_COLLECTED, type Chunk, type Collection } from "./collecting.ts";

/** The row that holds everything but the chunks. */
const HEAD = -1;

export class CollectionStore {
  readonly #sql: SqlStorage;
  #known: Collection | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  read(): Collection {
    if (this.#known !== null) return this.#known;
    this.#sql.exec("CREATE TABLE IF NOT EXISTS collecting (seq INTEGER PRIMARY KEY, json TEXT NOT NULL)");
    const rows = [...this.#sql.exec<{ seq: number; json: string }>("SELECT seq, json FROM collecting ORDER BY seq")];
    const head = rows.find(({ seq }) => seq === HEAD);
    return (this.#known = {
      ...NOTHING_COLLECTED,
      ...(head === undefined ? {} : (JSON.parse(head.json) as Omit<Collection, "chunks">)),
      chunks: rows.filter(({ seq }) => seq !== HEAD).map(({ json }) => JSON.parse(json) as Chunk),
    });
  }

  keep(after: Collection): void {
    const before = this.read();
    const stays = new Set(after.chunks.map(({ seq }) => seq));
    for (const { seq } of before.chunks) {
      if (!stays.has(seq)) this.#sql.exec("DELETE FROM collecting WHERE seq = ?", seq);
    }
    const known = new Set(before.chunks);
    for (const chunk of after.chunks) {
      if (!known.has(chunk)) this.#put(chunk.seq, chunk);
    }
    const { chunks: _before, ...was } = before;
    const { chunks: _after, ...head } = after;
    if (JSON.stringify(was) !== JSON.stringify(head)) this.#put(HEAD, head);
    this.#known = after;
  }

  #put(seq: number, value: object): void {
    this.#sql.exec(
      "INSERT INTO collecting (seq, json) VALUES (?, ?) ON CONFLICT (seq) DO UPDATE SET json = excluded.json",
      seq,
      JSON.stringify(value),
    );
  }
}
