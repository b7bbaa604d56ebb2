// Makes what the inventory lacks. Whatever exists is left as it is, so a run that failed halfway can be repeated.
import { Advice } from "../cloudflare/advice.ts";
import { CloudflareError, type Cloudflare } from "../cloudflare/api.ts";
import { keepLong, makeQueue, RETENTION_SECONDS } from "./plan.ts";
import type { FoundDatabase, Inventory, Resource } from "./inventory.ts";
import type { FoundQueue } from "./known-plan.ts";

type Made<T extends { readonly id: string | null }> = Omit<T, "id"> & { readonly id: string };

/** The inventory once everything in it exists. */
export interface Provisioned extends Omit<Inventory, "databases" | "namespaces" | "buckets" | "queues"> {
  readonly databases: readonly Made<FoundDatabase>[];
  readonly namespaces: readonly Made<Resource>[];
  readonly buckets: readonly Made<Resource>[];
  readonly queues: readonly Made<FoundQueue>[];
}

/** @param say is called with each thing that is made */
export async function provision(
  api: Cloudflare,
  account: string,
  inventory: Inventory,
  say: (what: string) => void,
): Promise<Provisioned> {
  const base = `/accounts/${account}`;
  const make = async <T extends { readonly name: string; readonly id: string | null }>(
    kind: string,
    all: readonly T[],
    create: (name: string) => Promise<string>,
  ): Promise<Made<T>[]> => {
    const made: Made<T>[] = [];
    for (const one of all) {
      if (one.id === null) say(`made the ${kind} ${one.name}`);
      made.push({ ...one, id: one.id ?? (await create(one.name)) });
    }
    return made;
  };
  return {
    ...inventory,
    databases: await make(
      "database",
      inventory.databases,
      async (name) => (await api.call<{ uuid: string }>("POST", `${base}/d1/database`, { name })).uuid,
    ),
    namespaces: await make(
      "KV namespace",
      inventory.namespaces,
      async (title) => (await api.call<{ id: string }>("POST", `${base}/storage/kv/namespaces`, { title })).id,
    ),
    buckets: await make(
      "bucket",
      inventory.buckets,
      async (name) => (await api.call<{ name: string }>("POST", `${base}/r2/buckets`, { name })).name,
    ),
    queues: await make("queue", inventory.queues, async (name) => (await makeQueue(api, base, name)).id),
  };
}

/** New queues keep messages for 4 days. @throws Advice on the free plan, which keeps them for one: it was given as paid */
export async function raiseRetention(
  api: Cloudflare,
  account: string,
  queues: Provisioned["queues"],
  say: (what: string) => void,
): Promise<void> {
  const short = queues.filter(({ retention }) => retention !== RETENTION_SECONDS);
  for (const { id } of short) {
    await keepLong(api, `/accounts/${account}`, id).catch((error: unknown) => {
      throw error instanceof CloudflareError && error.status === 400 ? new Advice(noPaidPlan(account, error)) : error;
    });
  }
  if (short.length > 0) say(`queues keep messages for 14 days (${short.length} changed)`);
}

export const noPaidPlan = (account: string, error: Error): string =>
  `This needs the Workers Paid plan ($5 a month): queued webhooks are kept for 14 days, and more than 10 ms of CPU are used at a time.
Open https://dash.cloudflare.com/${account}/workers/plans, choose Paid, and run this again; what has been made so far is used.
Or leave out --plan, or say --plan free, for the smaller profile of the free plan.
(${error.message})`;
