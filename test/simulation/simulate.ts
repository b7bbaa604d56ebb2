// One run of a scenario: its traffic, the time after it, and what came of it all.
import { MINUTE_MS, SECOND_MS } from "../../src/kernel/durations.ts";
import type { DestinationFigures, Measure } from "./measure.ts";
import type { Site } from "./fixtures.ts";
import type { Scenario } from "./scenario.ts";
import { World } from "./world.ts";

interface Report {
  readonly name: string;
  /** Webhooks that nothing leads to their end any more. */
  readonly lost: number;
  /** Deliveries that ended otherwise than by their destination's answers and policy. */
  readonly ended_by_fault: number;
  /** From the end of the last outage, or of the traffic, until what had happened by then was on record. Null: not to the end. */
  readonly recorded_after_s: number | null;
  /** D1 transactions that this took. */
  readonly late_transactions: number;
  readonly destinations: Readonly<Record<string, DestinationFigures>>;
}

export interface Run {
  readonly report: Report;
  readonly startedAt: number;
  readonly trafficEndsAt: number;
  /** By the destination's name. */
  readonly measureOf: (name: string) => ReturnType<Measure["of"]>;
}

export async function simulate(scenario: Scenario): Promise<Run> {
  const world = new World(scenario);
  const { clock, measure, record, startedAt, sites } = world;
  const trafficEndsAt = startedAt + scenario.seconds * SECOND_MS;
  const endsAt = trafficEndsAt + scenario.extra_seconds * SECOND_MS;
  for (const site of sites.values()) sendTraffic(site, world, trafficEndsAt);
  for (let at = startedAt + MINUTE_MS; at < endsAt; at += MINUTE_MS) clock.at(at, () => void world.sweep());
  for (const { part, to_s } of scenario.outages)
    if (part === "queue") clock.at(startedAt + to_s * SECOND_MS, () => world.resumeQueues());
  const outageEndsAt = Math.max(0, ...scenario.outages.map(({ to_s }) => startedAt + to_s * SECOND_MS));
  const watchedAt = Math.min(endsAt, outageEndsAt || trafficEndsAt);
  clock.at(watchedAt, () => measure.watchRecord(watchedAt));
  await clock.run(endsAt);
  const deliveries = [...record.rows.values()].map(({ delivery }) => delivery);
  return {
    startedAt,
    trafficEndsAt,
    measureOf: (name) => measure.of(`dst_${name}`),
    report: {
      name: scenario.name,
      lost: measure.lost(world.hasOwner()),
      ended_by_fault: deliveries.filter((delivery) => measure.isEndedByFault(delivery)).length,
      recorded_after_s: measure.recordedAfterS,
      late_transactions: measure.lateTransactions,
      destinations: Object.fromEntries(
        [...sites.values()].map(({ given, route }) => [
          given.name,
          measure.of(route.destination.id).figures(startedAt, trafficEndsAt),
        ]),
      ),
    },
  };
}

/** Evenly spread, each destination's at times of its own. */
function sendTraffic(site: Site, world: World, until: number): void {
  const { rate_per_second } = site.given;
  if (rate_per_second === 0) return;
  const intervalMs = SECOND_MS / rate_per_second;
  const next = (at: number): void => {
    if (at >= until) return;
    world.clock.at(at, () => {
      void world.accept(site);
      next(at + intervalMs);
    });
  };
  next(world.startedAt + world.network.random() * intervalMs);
}
