// The databases of the record: `DB`, then `DB_2`, `DB_3` … as far as they are bound without a gap, each from the instant in `DB_2_SINCE` … on. All
// have the same tables.
import { idTime } from "../model/ids.ts";
import { shardAt, type Shard } from "../record/index.ts";

/** Throws where it is not said from when on a database records: what it holds would not be found. */
export function boundShards(env: Pick<Env, "DB">): readonly Shard<D1Database>[] {
  const bindings = env as unknown as Readonly<Record<string, unknown>>;
  const shards: Shard<D1Database>[] = [{ since: 0, database: env.DB }];
  for (let name = "DB_2"; bindings[name] !== undefined; name = `DB_${shards.length + 1}`) {
    const since = Date.parse(String(bindings[`${name}_SINCE`]));
    if (Number.isNaN(since))
      throw new Error(`${name} is bound, and ${name}_SINCE does not say from when on it records`);
    shards.push({ since, database: bindings[name] as D1Database });
  }
  return shards;
}

/** The database of an event or delivery. */
export const databaseOf = (env: Pick<Env, "DB">, id: string): D1Database => shardAt(boundShards(env), idTime(id));

export const databasesOf = (env: Pick<Env, "DB">): readonly D1Database[] =>
  boundShards(env).map(({ database }) => database);
