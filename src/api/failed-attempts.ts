// Guessing tokens is limited by address, as signing in to the dashboard is. Only failures count. Once they are too many, the address is
// refused for a minute without a look at its token, so that a right guess is refused too: unless this isolate has already seen the token
// accepted, so that a neighbour's failures shut out no one who works with a good one.
import { ATTEMPTS_PERIOD_MS, MAX_REMEMBERED_ADDRESSES, MAX_REMEMBERED_TOKENS } from "../config/limits.ts";
import { BoundedMap } from "../kernel/bounded-map.ts";
import { networkOf } from "../kernel/cidr.ts";
import { Problem } from "../model/problem.ts";
import type { ApiDeps } from "./deps.ts";

/** @returns what `find` finds for the token with this hash @throws Problem `too_many_attempts` */
type LimitFailures = <T>(address: string | null, hash: string, find: () => Promise<T | null>) => Promise<T | null>;

/** @param mayTry counts one attempt of an address, and says whether it is still within the limit */
export function limitFailures({ mayTry, now }: Pick<ApiDeps, "mayTry" | "now">): LimitFailures {
  const refusedUntil = new BoundedMap<string, number>(MAX_REMEMBERED_ADDRESSES);
  const accepted = new BoundedMap<string, true>(MAX_REMEMBERED_TOKENS);
  return async (address, hash, find) => {
    // Calls of the dashboard come from no address: signing in has counted them.
    if (address === null) return find();
    const network = networkOf(address);
    if (!accepted.has(hash) && (refusedUntil.get(network) ?? 0) > now()) throw refused();
    const found = await find();
    if (found !== null) {
      accepted.set(hash, true);
      return found;
    }
    accepted.delete(hash);
    if (await mayTry(address)) return null;
    refusedUntil.set(network, now() + ATTEMPTS_PERIOD_MS);
    throw refused();
  };
}

const refused = (): Problem =>
  new Problem("too_many_attempts", "Too many invalid tokens came from this address. Try again in a minute.");
