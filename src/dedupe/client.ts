// Claims keys at the index: by source and shard, one call for each, whatever the number of events.
import { DEDUPE_SHARDS } from "../config/limits.ts";
import type { DedupeClaim } from "../model/dedupe.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { EventId } from "../model/ids.ts";
import type { ClaimRequest, DedupeIndex } from "./dedupe-index.ts";

/** An event that has a key. */
export interface Candidate extends DedupeClaim {
  readonly source_id: string;
  readonly window_ms: number;
}

/** An event with its key; null for one without. */
export const toCandidate = ({ id, source_id, received_at, dedupe }: SluiceEvent): Candidate | null =>
  dedupe == null || source_id === null
    ? null
    : { source_id, key: dedupe.key, window_ms: dedupe.window_ms, event_id: id, at: received_at };

export interface DedupePorts {
  /** Throws when the object cannot be reached. */
  readonly claim: (index: string, requests: readonly ClaimRequest[], windowMs: number) => Promise<EventId[]>;
  /** Which of these events have ended dead. May throw. */
  readonly deadAmong: (events: readonly EventId[]) => Promise<ReadonlySet<string>>;
  readonly report: (error: unknown) => void;
}

export const claimAt =
  (namespace: DurableObjectNamespace<DedupeIndex>): DedupePorts["claim"] =>
  async (index, requests, windowMs) =>
    namespace.getByName(index).claim([...requests], windowMs);

/** The first letters of the digest are uniformly distributed. */
const shardOf = (key: string): number => (key.charCodeAt(0) * 64 + key.charCodeAt(1)) % DEDUPE_SHARDS;

/**
 * The first event with each candidate's key, by the candidate's id: itself, or the event that it repeats. A key whose first event ended
 * dead passes to the next. A candidate that could not be judged is missing and gets delivered: rather twice than never.
 */
export async function firstEvents(
  candidates: readonly Candidate[],
  ports: DedupePorts,
): Promise<ReadonlyMap<EventId, EventId>> {
  const firsts = await claimAll(candidates, ports);
  const repeats = candidates.filter(({ event_id: id }) => (firsts.get(id) ?? id) !== id);
  if (repeats.length === 0) return firsts;
  try {
    const dead = await ports.deadAmong([...new Set(repeats.flatMap(({ event_id: id }) => firsts.get(id) ?? []))]);
    const open = repeats.filter(({ event_id: id }) => dead.has(firsts.get(id) ?? ""));
    const again = open.map((candidate) => ({ ...candidate, from: firsts.get(candidate.event_id) as EventId }));
    for (const { event_id: id } of open) firsts.delete(id);
    for (const [id, first] of await claimAll(again, ports)) firsts.set(id, first);
  } catch (error) {
    ports.report(error);
    for (const { event_id: id } of repeats) firsts.delete(id);
  }
  return firsts;
}

async function claimAll(
  candidates: readonly (Candidate & { readonly from?: EventId })[],
  ports: DedupePorts,
): Promise<Map<EventId, EventId>> {
  const groups = new Map<string, (Candidate & { readonly from?: EventId })[]>();
  for (const candidate of candidates) {
    const name = `${candidate.source_id}:${shardOf(candidate.key)}:${candidate.window_ms}`;
    groups.set(name, [...(groups.get(name) ?? []), candidate]);
  }
  const firsts = new Map<EventId, EventId>();
  await Promise.all(
    [...groups].map(async ([name, group]) => {
      try {
        const index = name.slice(0, name.lastIndexOf(":"));
        const requests = group.map(({ key, event_id, at, from }) =>
          from === undefined ? { key, event_id, at } : { key, event_id, at, from },
        );
        const answers = await ports.claim(index, requests, group[0]?.window_ms ?? 0);
        group.forEach(({ event_id: id }, place) => void firsts.set(id, answers[place] ?? id));
      } catch (error) {
        ports.report(error);
      }
    }),
  );
  return firsts;
}
