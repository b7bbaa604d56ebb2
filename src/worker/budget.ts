// On the free plan an invocation has 50 subrequests and 50 queries of D1. Beyond them every call fails, also the one that would record what was done.
// So calls are counted here: what leads outward is refused while enough are left to record it, and all is refused before the platform does.
import { AsyncLocalStorage } from "node:async_hooks";
import { FREE_CALLS, RECORDING_CALLS } from "../config/limits.ts";
import { tooManySubrequests } from "../kernel/subrequests.ts";

/** What one invocation has used. */
interface Used {
  calls: number;
  queries: number;
}

const invocations = new AsyncLocalStorage<Used>();

/** Runs a consumer batch or a sweep within the limits. Bindings and `fetch` must be metered. */
export const withinBudget = <T>(work: () => Promise<T>): Promise<T> => invocations.run({ calls: 0, queries: 0 }, work);

/** How many more queries and subrequests this invocation may make; Infinity where they are not counted. */
export function callsLeft(): number {
  const used = invocations.getStore();
  return used === undefined ? Infinity : FREE_CALLS - Math.max(used.calls, used.queries);
}

/** Counts a call, or says why not. @param kept calls that others may still need */
function charge(kept: number, queries = 0): Error | null {
  const used = invocations.getStore();
  if (used === undefined) return null;
  if (used.calls + 1 > FREE_CALLS - kept || used.queries + queries > FREE_CALLS) return tooManySubrequests();
  used.calls += 1;
  used.queries += queries;
  return null;
}

export const meteredFetch: typeof fetch = async (input, init) => {
  const refusal = charge(RECORDING_CALLS);
  if (refusal !== null) throw refusal;
  return fetch(input, init);
};

/** The same bindings, which count their calls. */
export const meteredEnv = (env: Env): Env =>
  Object.fromEntries(
    Object.entries(env).map(([name, binding]: [string, unknown]) => [
      name,
      typeof binding === "object" && binding !== null ? metered(name, binding) : binding,
    ]),
  ) as unknown as Env;

function metered(name: string, binding: object): object {
  if (/^DB(_\d+)?$/.test(name)) return meteredDatabase(binding as D1Database);
  if (/^(EVENTS(_\d+)?|SMALL|DELIVERIES|SLOW|REPLAYS|DEAD_LETTERS)$/.test(name)) return counting(binding, 0);
  if ("getByName" in binding) {
    const namespace = binding as DurableObjectNamespace;
    return { getByName: (id: string) => counting(namespace.getByName(id), RECORDING_CALLS) };
  }
  return counting(binding, RECORDING_CALLS);
}

/** Each method is a call. */
const counting = <T extends object>(target: T, kept: number): T =>
  new Proxy(target, {
    get(_target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== "function") return method;
      return (...given: unknown[]): unknown => {
        const refusal = charge(kept);
        return refusal === null ? Reflect.apply(method, target, given) : Promise.reject(refusal);
      };
    },
  });

const RUNS = new Set<string | symbol>(["all", "first", "run", "raw"]);

function meteredDatabase(database: D1Database): Pick<D1Database, "prepare" | "batch"> {
  const bare = new WeakMap<D1PreparedStatement, D1PreparedStatement>();
  const statement = (target: D1PreparedStatement): D1PreparedStatement => {
    const own = new Proxy(target, {
      get(_target, name) {
        if (name === "bind") return (...values: unknown[]) => statement(target.bind(...values));
        const method: unknown = Reflect.get(target, name, target);
        if (typeof method !== "function" || !RUNS.has(name)) return method;
        return (...given: unknown[]): unknown => {
          const refusal = charge(0, 1);
          return refusal === null ? Reflect.apply(method, target, given) : Promise.reject(refusal);
        };
      },
    });
    bare.set(own, target);
    return own;
  };
  return {
    prepare: (sql) => statement(database.prepare(sql)),
    // Whether each statement of a batch counts is not documented: it is taken to.
    batch: async (statements) => {
      const refusal = charge(0, statements.length);
      if (refusal !== null) throw refusal;
      return database.batch(statements.map((one) => bare.get(one) ?? one));
    },
  };
}
