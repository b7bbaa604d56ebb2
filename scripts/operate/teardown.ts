// Removes one environment with everything in it, in the only order that Cloudflare allows: consumers, the Worker, then what it was bound to. What is
// gone already is passed over, so that it can be repeated.
import { Advice } from "../cloudflare/advice.ts";
import { CloudflareError, find, listAll, type Cloudflare } from "../cloudflare/api.ts";
import type { Inventory } from "../deploy/inventory.ts";
import { RESTORED } from "./restore.ts";

/** What a user has to type, or to give with --yes. */
export interface Consent {
  /** Asks on a terminal; null without one. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Of --yes. */
  readonly given: string | undefined;
}

/** Asks twice. @throws Advice without consent */
export async function askConsent(worker: string, { ask, given }: Consent): Promise<void> {
  if (given === worker) return;
  if (given !== undefined)
    throw new Advice(`--yes names "${given}", but this would remove "${worker}". Nothing was removed.`);
  if (ask === null) throw new Advice(`Without a terminal, say --yes ${worker}. Nothing was removed.`);
  const name = await ask(
    `This removes the Sluice "${worker}", its configuration, and every event that it has. Type its name: `,
  );
  if (name.trim() !== worker) throw new Advice("That is another name. Nothing was removed.");
  const sure = await ask('There is no way back. Type "remove everything": ');
  if (sure.trim() !== "remove everything") throw new Advice("Nothing was removed.");
}

export async function tearDown(
  api: Cloudflare,
  account: string,
  worker: string,
  inventory: Inventory,
  say: (line: string) => void,
): Promise<void> {
  const base = `/accounts/${account}`;
  const remove = async (what: string, path: string): Promise<void> => {
    await find(api.call("DELETE", `${base}${path}`));
    say(`  removed ${what}`);
  };
  const d1 = await listAll<{ uuid: string; name: string }>(api, `${base}/d1/database`);
  const kv = await listAll<{ id: string; title: string }>(api, `${base}/storage/kv/namespaces`);
  const databases = withRestored(
    inventory.databases,
    d1.map(({ uuid, name }) => ({ id: uuid, name })),
  );
  const namespaces = withRestored(
    inventory.namespaces,
    kv.map(({ id, title }) => ({ id, name: title })),
  );
  for (const { id, name } of inventory.queues) {
    if (id === null) continue;
    const consumers = await api.call<{ consumer_id: string }[]>("GET", `${base}/queues/${id}/consumers`);
    for (const { consumer_id } of consumers)
      await remove(`the consumer of ${name}`, `/queues/${id}/consumers/${consumer_id}`);
  }
  if (inventory.worker !== null) await remove(`the Worker ${worker}`, `/workers/services/${worker}?force=true`);
  for (const { id, name } of inventory.queues) if (id !== null) await remove(`the queue ${name}`, `/queues/${id}`);
  for (const { id, name } of databases) if (id !== null) await remove(`the database ${name}`, `/d1/database/${id}`);
  for (const { id, name } of namespaces)
    if (id !== null) await remove(`the KV namespace ${name}`, `/storage/kv/namespaces/${id}`);
  for (const { id, name } of inventory.buckets)
    if (id !== null)
      await remove(`the bucket ${name}`, `/r2/buckets/${name}`).catch((error: unknown) => {
        throw error instanceof CloudflareError && error.status === 409 ? new Advice(notEmpty(account, name)) : error;
      });
}

const notEmpty = (account: string, bucket: string): string =>
  `The bucket ${bucket} still has objects; everything else is removed. Open
https://dash.cloudflare.com/${account}/r2/default/buckets/${bucket}/settings, choose "Empty bucket", and run this again.`;

interface Thing {
  readonly id: string | null;
  readonly name: string;
}

/** What restores have made, and what was in use before them. */
function withRestored(used: readonly Thing[], all: readonly Thing[]): readonly Thing[] {
  const first = (name: string): string => name.replace(RESTORED, "");
  const names = new Set(used.map(({ name }) => first(name)));
  const others = all.filter(({ id, name }) => names.has(first(name)) && !used.some((one) => one.id === id));
  return [...used, ...others];
}
