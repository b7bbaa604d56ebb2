// The health of destinations and sources, by what D1 knows: read here for lists and alerts alike, judged by model/health.ts.
import type { DestinationState } from "../model/destination-state.ts";
import {
  judgeDestination,
  judgeSource,
  type DestinationHealth,
  type DestinationSignals,
  type Judgement,
  type RecentAttempts,
  type Requests,
  type SourceHealth,
  type SourceSignals,
} from "../model/health.ts";
import { readRefusing, type Activity } from "./activity.ts";
import { countAllListedDead, readAllAccepted, readAllActivity } from "./over-databases.ts";
import { statesById, statesStatement } from "./routes.ts";

/** Those of the record; the first one has the configuration. */
type Databases = readonly D1Database[];

const first = (databases: Databases): D1Database => {
  const [db] = databases;
  if (db === undefined) throw new Error("the record has no database");
  return db;
};

/** What D1 knows of destinations. */
export interface KnownDestinations {
  readonly states: ReadonlyMap<string, DestinationState>;
  readonly activity: Activity;
  /** Dead letters by destination, counted up to a limit. */
  readonly dead: Readonly<Record<string, number>>;
}

/**
 * @param ids whose dead letters are counted
 * @param limit up to which they are
 * @param earlier what was read a moment ago: then only dead letters are read
 */
export async function readKnown(
  databases: Databases,
  ids: readonly string[],
  limit: number,
  now: number,
  earlier: KnownDestinations | null = null,
): Promise<KnownDestinations> {
  const [states, activity, dead] = await Promise.all([
    earlier?.states ?? statesStatement(first(databases)).all(),
    earlier?.activity ?? readAllActivity(databases, now),
    countAllListedDead(databases, ids, limit),
  ]);
  return { states: "results" in states ? statesById(states.results) : states, activity, dead };
}

/** What a gate says of itself. */
interface GateSays {
  readonly circuit: "closed" | "open" | "half_open";
  readonly pause_until: number | null;
  readonly consecutive_failures: number;
  readonly throttled: boolean;
}

const NO_ATTEMPTS: RecentAttempts = { attempts: 0, failed: 0 };

export const recentOf = ({ activity }: KnownDestinations, id: string): RecentAttempts =>
  activity.attempts.get(id) ?? NO_ATTEMPTS;

/** @param gate null where it was not asked or did not answer: then the state on record counts */
export function judgeKnown(
  known: KnownDestinations,
  { id, paused }: { readonly id: string; readonly paused: number },
  gate: GateSays | null,
  now: number,
): Judgement<DestinationHealth> {
  const state = known.states.get(id);
  const signals: DestinationSignals = {
    paused: paused === 1,
    circuit: gate?.circuit ?? state?.circuit ?? "closed",
    lane: state?.lane ?? "normal",
    paused_until: gate?.pause_until ?? state?.pause_until ?? null,
    consecutive_failures: gate?.consecutive_failures ?? state?.failures ?? 0,
    throttled: gate?.throttled ?? state?.throttled ?? false,
    recent: recentOf(known, id),
    dead: known.dead[id] ?? 0,
    used: known.activity.used?.has(id) ?? true,
  };
  return judgeDestination(signals, now);
}

export interface SourceState extends Judgement<SourceHealth> {
  /** Of late. */
  readonly recent: Requests;
  /** Null if nothing was refused: then there is nothing to compare. */
  readonly last_day: Requests | null;
}

const NONE: Requests = { accepted: 0, refused: 0 };

/** What sources did of late, as a function of one of them. */
export async function readSourceStates(
  databases: Databases,
  now: number,
): Promise<(source: Pick<SourceSignals, "enabled" | "awaitsSecret"> & { readonly id: string }) => SourceState> {
  const [activity, refusing] = await Promise.all([
    readAllActivity(databases, now),
    readRefusing(first(databases), now),
  ]);
  const accepted = await readAllAccepted(databases, [...refusing.keys()], now);
  return ({ id, enabled, awaitsSecret }) => {
    const recent = activity.requests.get(id) ?? NONE;
    const refused = Math.max(refusing.get(id) ?? 0, recent.refused);
    const last_day = refused === 0 ? null : { accepted: Math.max(accepted[id] ?? 0, recent.accepted), refused };
    const used = activity.used?.has(id) ?? true;
    return { ...judgeSource({ enabled, awaitsSecret, recent, lastDay: last_day ?? recent, used }), recent, last_day };
  };
}
