// One step of a bulk replay: takes the next matching deliveries, gives each a time, puts them into the lane `replays` and sends a message
// for the next step. The deliveries and the progress are one transaction, so a step that runs twice takes effect once.
import { MAX_PIECE_PAGES, REPLAY_WAIT_MS } from "../../config/record-limits.ts";
import type { Clock } from "../../kernel/clock.ts";
import { eventIdOf, replayDeliveryId, type DeliveryId, type ReplayId } from "../../model/ids.ts";
import type { ReplayMessage } from "../../model/message.ts";
import { pieceSize, planTimes, type Run } from "../../model/replay.ts";
import { nextIgnoredPiece, type MatchPorts } from "./replay-ignored.ts";
import type { CandidatePage, LaterMessage, Piece } from "../types.ts";
import type { ReplayRecords } from "../ports.ts";
import { describeError } from "../../telemetry/index.ts";

export interface ReplayPorts extends MatchPorts {
  readonly now: Clock;
  readonly records: ReplayRecords;
  readonly sendLater: (messages: readonly LaterMessage[]) => Promise<void>;
  readonly sendOn: (message: ReplayMessage, delayMs: number) => Promise<void>;
}

export const replayMessage = (id: ReplayId, step: number): ReplayMessage => ({ v: 1, kind: "replay", id, step });

export async function replayStep(message: ReplayMessage, ports: ReplayPorts): Promise<void> {
  const { records, now } = ports;
  const run = await records.readRun(message.id);
  if (run === null || run.status !== "running" || run.collected || run.step !== message.step) return;
  const next = replayMessage(run.id, run.step + 1);
  // A destination that does not keep up gets no more yet: its dead letters stay dead meanwhile.
  if (await records.stillWaits(run)) {
    if (await records.putOff(run, now() + REPLAY_WAIT_MS)) await ports.sendOn(next, REPLAY_WAIT_MS);
    return;
  }
  const step = await takeNext(run, ports);
  if (step === null) return;
  const { piece, taken } = step;
  const messages = piece.items
    .filter(({ id }) => taken.has(id))
    .map(({ id, at }): LaterMessage => ({ id, lane: "replays", delayMs: Math.max(0, at - now()), at }));
  await ports.sendLater(messages).catch((error: unknown) =>
    // They are recorded as due: the sweep requeues them.
    ports.log.error("queue refused replays", { replay: run.id, error: describeError(error) }),
  );
  ports.log.info("replay", { replay: run.id, step: run.step, queued: taken.size, collected: piece.collected });
  if (!piece.collected) await ports.sendOn(next, Math.max(0, piece.next_at - now()));
}

interface Step {
  /** Ids of the deliveries that wait once they are taken. */
  readonly piece: Omit<Piece, "items"> & {
    readonly items: readonly { readonly id: DeliveryId; readonly at: number }[];
  };
  readonly taken: ReadonlySet<DeliveryId>;
}

/** Null when another consumer has done this step. */
async function takeNext(run: Run, ports: ReplayPorts): Promise<Step | null> {
  const { records } = ports;
  if (run.filter.status === "ignored") {
    const piece = await nextIgnoredPiece(run, ports);
    const taken = await records.takeIgnored(run, piece);
    return taken === null ? null : { piece, taken };
  }
  const piece = await nextPiece(run, ports);
  const taken = await records.takePiece(run, piece);
  if (taken === null) return null;
  return { piece: { ...piece, items: piece.items.map(({ id, again, at }) => ({ id: again ?? id, at })) }, taken };
}

async function nextPage(run: Run, after: string, { records, log }: ReplayPorts): Promise<CandidatePage> {
  const page = await records.candidates(run, after, pieceSize(run.rate_per_second));
  for (const { key, detail } of page.unreadable)
    log.error("segment unreadable", { segment: key, replay: run.id, detail });
  return page;
}

async function nextPiece(run: Run, ports: ReplayPorts): Promise<Piece> {
  let page = await nextPage(run, run.after, ports);
  for (let pages = 1; page.found.length === 0 && page.next !== null && pages < MAX_PIECE_PAGES; pages++) {
    page = await nextPage(run, page.next, ports);
  }
  const { at, over } = planTimes(page.found, run.rate_per_second, page.shares, ports.now());
  const chosen = page.found.slice(0, at.length);
  const all = chosen.length === page.found.length;
  return {
    items: await Promise.all(
      chosen.map(async (found, index) => ({
        id: found.id,
        segment: found.segment,
        again: found.dead
          ? null
          : await replayDeliveryId(run.id, eventIdOf(found.id), found.connection_id ?? found.destination_id),
        at: at[index] ?? over,
      })),
    ),
    after: (all ? page.next : chosen.at(-1)?.id) ?? run.until,
    collected: all && page.next === null,
    next_at: over,
  };
}
