// Segments for the benches, written by the record's own composition straight into the file of a local D1: ten million events take a minute or
// two. Batches that differ in ids alone share their entries, which hold neither ids nor absolute times.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { timeToBase32 } from "../src/kernel/base32.ts";
import { concatBytes, utf8, type Bytes } from "../src/kernel/bytes.ts";
import type { FirstRecord } from "../src/delivery/index.ts";
import type { EventId } from "../src/model/ids.ts";
import { compose } from "../src/record/compose.ts";
import { digitsOf, segmentKey } from "../src/record/keys.ts";
import { packContent } from "../src/record/piece.ts";
import type { SegmentRow } from "../src/record/types.ts";

/** Events of a full batch. */
const BATCH = 100;
/** As long as those that consumers write. */
const PAYLOAD_KEY = "payloads/2026-11-24/01m8000000aaaaaaaaaaaaaaaaaaaa";
/** The content of each event. */
const PIECE = packContent({
  query: "",
  headers: [
    ["content-type", "application/json"],
    ["user-agent", "bench"],
  ],
  body: { kind: "inline", bytes: utf8('{"order":1}') },
  attempts: {},
});

/** The payload object of all batches. */
export const payload = { key: PAYLOAD_KEY, bytes: (): Bytes => readPayload(BATCH * PIECE.byteLength) };

/** What R2 returns for any range of a payload object. */
export const readPayload = (length: number): Bytes =>
  concatBytes(Array.from({ length: length / PIECE.byteLength }, () => PIECE));

/** The events of one consumer batch, in ascending order of ids. */
export interface SeededBatch {
  readonly ids: readonly EventId[];
  /** Batches with the same kind have the same entries. */
  readonly kind: string;
  readonly firsts: () => readonly FirstRecord[];
}

export const seededId = (at: number, n: number): EventId =>
  `evt_${timeToBase32(at)}${String(n).padStart(22, "0")}` as EventId;

/** Opens the file of a D1 that no process has open, for one transaction. @param folder with the state of a local workerd */
export function writeD1(folder: string, write: (db: DatabaseSync) => void): void {
  const files = readdirSync(folder, { recursive: true }).map(String);
  const file = files.find((name) => /D1DatabaseObject\/[0-9a-f]+\.sqlite$/.test(name));
  if (file === undefined) throw new Error("D1 has no file");
  const db = new DatabaseSync(join(folder, file));
  db.exec("PRAGMA synchronous = OFF; BEGIN");
  write(db);
  db.exec("COMMIT");
  db.close();
}

export function seedSegments(db: DatabaseSync, batches: Iterable<SeededBatch>): void {
  const insert = db.prepare(
    "INSERT INTO segments (k, first_id, last_id, ids, summary, superseded, entries, payload) VALUES (?, ?, ?, ?, ?, '', ?, NULL)",
  );
  const composed = new Map<string, Pick<SegmentRow, "summary" | "entries">>();
  for (const { ids, kind, firsts } of batches) {
    const [first, last] = [ids[0], ids.at(-1)];
    if (first === undefined || last === undefined) continue;
    const { summary, entries } = composed.get(kind) ?? composeBatch(firsts());
    composed.set(kind, { summary, entries });
    const digits = ids.map(digitsOf).join("");
    insert.run(segmentKey(last, Math.random), digitsOf(first), digitsOf(last), digits, summary, entries);
  }
}

function composeBatch(firsts: readonly FirstRecord[]): SegmentRow {
  const packed = firsts.map((first, index) => ({ first, bytes: PIECE, offset: index * PIECE.byteLength }));
  const { segments, rows } = compose(packed, PAYLOAD_KEY, Math.random);
  const [segment] = segments;
  if (segment === undefined || segments.length > 1 || rows.length > 0) throw new Error("not one segment");
  return segment;
}
