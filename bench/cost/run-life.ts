// One life, metered: arrival, record, retention, and what it stores for 14 days. Per webhook.
import type { Meter } from "../meter.ts";
import { LIVES, type Case } from "./lives.ts";
import { priceOf, storagePrice } from "./prices.ts";
import type { BatchSettings } from "./queues.ts";
import type { MeteredSluice, Stored } from "./sluice.ts";

/** As in wrangler.toml. Milliseconds. */
const BATCH_WAIT_MS = 1_000;
const MINUTE_MS = 60_000;
/** By then everything is past retention, and its objects too. */
const GONE_MS = 15 * 86_400_000 + 2 * 3_600_000;
const SWEEPS = 4;
/** As every minute there would be one: fewer find the same, and the bench takes less time. */
const SWEEP_MINUTES = 5;
/** After a day, a probe waits for ten minutes at most. */
const RECOVERY_MINUTES = 15;

export interface Figures {
  readonly webhooks: number;
  readonly arrival: Meter;
  readonly record: Meter;
  readonly retention: Meter;
  readonly stored: Stored;
  /** After the first attempts. */
  readonly waiting: Stored;
  /** Dollars per million webhooks. */
  readonly dollars: Readonly<Record<"arrival" | "record" | "retention" | "storage" | "all", number>>;
}

export async function runLife(
  sluice: MeteredSluice,
  { life: name, batch, bodyBytes }: Case,
  webhooks: number,
): Promise<Figures> {
  const life = LIVES[name];
  const settings = { size: batch, waitMs: BATCH_WAIT_MS };
  await sluice.start(life.destination);
  // The first webhook reads routes and secrets that all others find in memory.
  await sluice.post(bodyBytes);
  await sluice.run(settings, null);
  const before = await sluice.stored();
  sluice.delivered = 0;
  sluice.fails = (attempt) => life.down !== undefined && (life.down !== "attempt" || attempt === 1);

  const arrivals: Meter[] = [];
  const records: Meter[] = [];
  for (let sent = 0; sent < webhooks; sent += batch) {
    for (let one = 0; one < batch; one++) await sluice.post(bodyBytes);
    arrivals.push(await sluice.meter());
    if (life.isBurst !== true) records.push((await sluice.run(settings, BATCH_WAIT_MS)).counted);
  }
  const waiting = await sluice.stored();
  if (typeof life.down === "number") {
    records.push(await minutes(sluice, settings, life.down / 60));
    sluice.fails = () => false;
    records.push(await minutes(sluice, settings, RECOVERY_MINUTES));
  } else if (life.down !== "attempt") sluice.fails = () => false;
  records.push((await sluice.run(settings, null)).counted);
  if (sluice.delivered < webhooks) throw new Error(`${sluice.delivered} of ${webhooks} delivered`);
  const after = await sluice.stored();

  const gone = await sweeps(sluice);
  const left = await sluice.left();
  if (left > 0) throw new Error(`retention has left ${left} records`);
  // The same sweeps cost something without any webhook too.
  const idle = await sweeps(sluice);

  const arrival = perWebhook(arrivals, webhooks);
  const record = perWebhook(records, webhooks);
  const retention = perWebhook([without(gone, idle)], webhooks);
  const stored = grown(before, after, webhooks);
  const dollars = {
    arrival: priceOf(arrival),
    record: priceOf(record),
    retention: priceOf(retention),
    storage: storagePrice(stored),
  };
  const all = Object.values(dollars).reduce((sum, one) => sum + one, 0);
  return {
    webhooks,
    arrival,
    record,
    retention,
    stored,
    waiting: grown(before, waiting, webhooks),
    dollars: { ...dollars, all },
  };
}

/** Minutes with sweeps, without what each of these sweeps costs at least: they read as much for whatever is on record. */
async function minutes(sluice: MeteredSluice, settings: BatchSettings, count: number): Promise<Meter> {
  const records: Meter[] = [];
  const swept: Meter[] = [];
  for (let minute = 0; minute < count; minute += SWEEP_MINUTES) {
    records.push((await sluice.run(settings, SWEEP_MINUTES * MINUTE_MS)).counted);
    swept.push(await sluice.sweep(0));
  }
  const [first] = swept;
  if (first === undefined) return perWebhook(records, 1);
  const least = { ...first };
  for (const unit of unitsOf(least)) least[unit] = swept.length * Math.min(...swept.map((sweep) => sweep[unit]));
  return perWebhook([...records, without(perWebhook(swept, 1), least)], 1);
}

async function sweeps(sluice: MeteredSluice): Promise<Meter> {
  const counted = [await sluice.sweep(GONE_MS)];
  for (let sweep = 1; sweep < SWEEPS; sweep++) counted.push(await sluice.sweep(MINUTE_MS));
  return perWebhook(counted, 1);
}

const unitsOf = (meter: Meter): (keyof Meter)[] => Object.keys(meter) as (keyof Meter)[];

function perWebhook(counted: readonly Meter[], webhooks: number): Meter {
  const [first, ...rest] = counted;
  if (first === undefined) throw new Error("nothing was metered");
  const sum = { ...first };
  for (const one of rest) for (const unit of unitsOf(sum)) sum[unit] += one[unit];
  for (const unit of unitsOf(sum)) sum[unit] /= webhooks;
  return sum;
}

function without(counted: Meter, idle: Meter): Meter {
  const rest = { ...counted };
  for (const unit of unitsOf(rest)) rest[unit] = Math.max(0, rest[unit] - idle[unit]);
  return rest;
}

const grown = (before: Stored, after: Stored, webhooks: number): Stored => ({
  d1: (after.d1 - before.d1) / webhooks,
  r2: (after.r2 - before.r2) / webhooks,
});
