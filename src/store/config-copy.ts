// The configuration that a further database of the record has a copy of, so that its statements can join it: what `DB` has is the truth.
import type { Kind } from "./config-store.ts";
import { CONFIG_KINDS } from "./config-store.ts";
import { connections, destinations, sources } from "./schema.ts";
import { columnsOf, extracts, jsonParameters } from "./statements.ts";

const COLUMNS: Readonly<Record<Kind, readonly string[]>> = {
  sources: columnsOf(sources),
  destinations: columnsOf(destinations),
  connections: columnsOf(connections),
};

/** Differs after every change: a source's version moves with its connections and their destinations. */
const stateStatement = (db: D1Database): D1PreparedStatement =>
  db.prepare(
    `SELECT ${CONFIG_KINDS.map(
      (kind) =>
        `(SELECT COUNT(*) || ' ' || COALESCE(SUM(updated_at), 0) || ' ' || ${kind === "sources" ? "COALESCE(SUM(version), 0)" : "COALESCE(SUM(paused), 0)"} FROM ${kind})`,
    ).join(" || ' ' || ")} AS state`,
  );

const stateOf = async (db: D1Database): Promise<string> =>
  (await stateStatement(db).first<{ state: string }>())?.state ?? "";

/** Before something is read or claimed by the copy. Costs one round trip where nothing has changed. */
export async function refreshCopy(from: D1Database, to: D1Database): Promise<void> {
  const [current, copied] = await Promise.all([stateOf(from), stateOf(to)]);
  if (current !== copied) await copyConfig(from, to);
}

type Row = Readonly<Record<string, unknown>> & { readonly id: string };

/** Compares all, and writes what differs in one transaction. @returns how many records differed */
export async function copyConfig(from: D1Database, to: D1Database): Promise<number> {
  const read = (db: D1Database): Promise<D1Result<Row>[]> =>
    db.batch<Row>(CONFIG_KINDS.map((kind) => db.prepare(`SELECT * FROM ${kind} ORDER BY id`)));
  const [current, copied] = await Promise.all([read(from), read(to)]);
  let differing = 0;
  const statements = CONFIG_KINDS.flatMap((kind, index) => {
    const rows = current[index]?.results ?? [];
    const before = new Map((copied[index]?.results ?? []).map((row) => [row.id, JSON.stringify(row)]));
    const changed = rows.filter((row) => before.get(row.id) !== JSON.stringify(row));
    const ids = new Set(rows.map(({ id }) => id));
    const gone = [...before.keys()].filter((id) => !ids.has(id));
    differing += changed.length + gone.length;
    return [
      ...jsonParameters(gone.map((id) => ({ id }))).map((json) =>
        to.prepare(`DELETE FROM ${kind} WHERE id IN (SELECT value ->> '$.id' FROM json_each(?1))`).bind(json),
      ),
      // A slug may have gone from one record to another.
      ...jsonParameters(changed).map((json) =>
        to
          .prepare(
            `INSERT OR REPLACE INTO ${kind} (${COLUMNS[kind].join(", ")}) SELECT ${extracts(COLUMNS[kind])} FROM json_each(?1)`,
          )
          .bind(json),
      ),
    ];
  });
  if (statements.length > 0) await to.batch(statements);
  return differing;
}
