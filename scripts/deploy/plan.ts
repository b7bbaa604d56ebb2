// The account's Workers plan: found out by what its queues may do, since a token that deploys may not read the subscription. And what the free one
// changes in the configuration.
import { CloudflareError, type Cloudflare } from "../cloudflare/api.ts";
import type { RawConfig } from "./configuration.ts";
import type { Inventory } from "./inventory.ts";
import { FREE_RETENTION_SECONDS, knownPlan, type FoundQueue, type Plan } from "./known-plan.ts";

/** Seconds: 14 days, the most that Cloudflare keeps a message. */
export const RETENTION_SECONDS = 1_209_600;

const FREE_BATCH = 10;
/** https://developers.cloudflare.com/d1/platform/limits/: 500 MB a database. */
const FREE_VARS = { RETENTION_DAYS: 3, RECORD_LIMIT_MB: 500 };

/** @param bucket whether R2 is enabled */
export function freeProfile({ limits: _limits, ...config }: RawConfig, bucket: boolean): RawConfig {
  const least = Object.entries(FREE_VARS).map(([name, most]) => [
    name,
    String(Math.min(most, Number(config.vars?.[name] ?? most))),
  ]);
  return {
    ...config,
    vars: { ...config.vars, ...(Object.fromEntries(least) as Record<string, string>), SLUICE_PLAN: "free" },
    r2_buckets: bucket ? (config.r2_buckets ?? []) : [],
    queues: {
      ...config.queues,
      consumers: (config.queues?.consumers ?? []).map((consumer) => ({
        ...consumer,
        max_batch_size: Math.min(FREE_BATCH, consumer.max_batch_size ?? FREE_BATCH),
      })),
    },
  };
}

/**
 * Finds the plan by the first queue: makes it where there is none, and lets it keep messages for longer than the free plan does.
 * @param base the account's path @returns the inventory with that queue
 */
export async function findPlan(
  api: Cloudflare,
  base: string,
  inventory: Inventory,
): Promise<{ readonly plan: Plan; readonly inventory: Inventory }> {
  const [first, ...others] = inventory.queues;
  if (first === undefined) return { plan: "paid", inventory };
  const queue = first.id === null ? await makeQueue(api, base, first.name) : first;
  const found = (plan: Plan, retention = queue.retention) => ({
    plan,
    inventory: { ...inventory, queues: [{ ...queue, retention }, ...others] },
  });
  if (knownPlan([queue], null) === "paid") return found("paid");
  try {
    await keepLong(api, base, queue.id ?? "");
    return found("paid", RETENTION_SECONDS);
  } catch (error) {
    // An account that has left the free plan has such queues too, but may change them.
    const isFree = error instanceof CloudflareError && error.status === 400;
    if (isFree && queue.retention === FREE_RETENTION_SECONDS) return found("free");
    throw error;
  }
}

/** @param base the account's path */
export async function makeQueue(api: Cloudflare, base: string, name: string): Promise<FoundQueue & { id: string }> {
  const made = await api.call<Queue>("POST", `${base}/queues`, { queue_name: name });
  return { name, id: made.queue_id, retention: made.settings?.message_retention_period ?? null };
}

interface Queue {
  readonly queue_id: string;
  readonly settings?: { readonly message_retention_period?: number };
}

export const keepLong = (api: Cloudflare, base: string, id: string): Promise<unknown> =>
  api.call("PATCH", `${base}/queues/${id}`, { settings: { message_retention_period: RETENTION_SECONDS } });

/** What a deployment on the free plan can do. */
export const freeWords = (bucket: boolean): readonly string[] => [
  "on the Workers Free plan: about 3,300 webhooks a day (10,000 queue operations, three for each), kept for 3 days, in batches of ten;",
  `a queue keeps a message for one day, and 10 ms of CPU at a time are tight: see docs/operations.md, "The free plan"`,
  ...(bucket
    ? []
    : ["without R2, which this account has not enabled: bodies of up to 96 KB, all of it in the database"]),
];
