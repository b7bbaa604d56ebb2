// The databases of the record are wired by the same code: each has a runtime of its own, in which it is `DB`. Wiring only.
import { timeToBase32 } from "../kernel/base32.ts";
import { idTime, type DeliveryId } from "../model/ids.ts";
import { shardAt, timeBeside, type Shard } from "../record/index.ts";
import { boundShards } from "./databases.ts";
import { recordPorts } from "./ports/record.ts";
import type { Runtime } from "./runtime.ts";

export interface Shards {
  /** The runtime itself first: its `DB` has the configuration. */
  readonly all: readonly Runtime[];
  /** @param id of an event or delivery */
  readonly of: (id: string) => Runtime;
  /** Sets the time in 23 digits back to where their event is in the delivery's database. */
  readonly beside: (digits: string, delivery: DeliveryId) => string;
}

const known = new WeakMap<Runtime, Shards>();

/** Throws like `boundShards`. */
export function shardsOf(runtime: Runtime): Shards {
  const made = known.get(runtime) ?? makeShards(runtime);
  known.set(runtime, made);
  return made;
}

function makeShards(runtime: Runtime): Shards {
  const shards = boundShards(runtime.env).map(({ since, database }, index): Shard<Runtime> => ({
    since,
    database: index === 0 ? runtime : shardRuntime(runtime, database),
  }));
  return {
    all: shards.map(({ database }) => database),
    of: (id) => shardAt(shards, idTime(id)),
    beside: (digits, delivery) => {
      const time = timeBeside(shards, idTime(delivery), idTime(`evt_${digits}`));
      return timeToBase32(time) + digits.slice(10);
    },
  };
}

function shardRuntime(runtime: Runtime, database: D1Database): Runtime {
  const env = { ...runtime.env, DB: database };
  return {
    ...runtime,
    env,
    record: recordPorts(env, runtime.settings.watermarks, runtime.log, runtime.now),
    // Whether pages are open is known to the first database alone.
    live: { learn: () => undefined, changed: runtime.live.changed },
  };
}
