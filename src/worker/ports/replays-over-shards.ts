// The parts of bulk replays in several databases. The messages of a run name its part: `rpl_…` in the first database, `rpl_…@2` in `DB_2`.
import type { ConsumerPorts } from "../../delivery/index.ts";
import type { ReplayId } from "../../model/ids.ts";

type Replays = ConsumerPorts["replays"];

/** @param index of the database, from 0 */
export const partId = (id: ReplayId, index: number): ReplayId =>
  index === 0 ? id : (`${id}@${index + 1}` as ReplayId);

/** @param all in the order of the databases */
export function replaysOverShards(all: readonly Replays[]): Replays {
  /** The part's database, and the run as that one knows it. */
  const part = <R extends { readonly id: ReplayId }>(run: R): readonly [Replays, R] => {
    const [id, number = "1"] = run.id.split("@");
    const replays = all[Number(number) - 1];
    if (replays === undefined) throw new Error(`there is no database for the replay ${run.id}`);
    return [replays, { ...run, id: id as ReplayId }];
  };
  /** What a destination bears is shared by the parts. */
  const divided = (shares: ReadonlyMap<string, number>): ReadonlyMap<string, number> =>
    new Map([...shares].map(([id, share]) => [id, share / all.length]));
  return {
    readRun: async (id) => {
      const [replays, named] = part({ id });
      const run = await replays.readRun(named.id);
      return run === null ? null : { ...run, id };
    },
    candidates: async (given, ...bounds) => {
      const [replays, run] = part(given);
      const page = await replays.candidates(run, ...bounds);
      return { ...page, shares: divided(page.shares) };
    },
    ignored: async (given, ...bounds) => {
      const [replays, run] = part(given);
      const page = await replays.ignored(run, ...bounds);
      return { ...page, shares: divided(page.shares) };
    },
    takeIgnored: (given, piece) => {
      const [replays, run] = part(given);
      return replays.takeIgnored(run, piece);
    },
    stillWaits: (given) => {
      const [replays, run] = part(given);
      return replays.stillWaits(run);
    },
    takePiece: (given, piece) => {
      const [replays, run] = part(given);
      return replays.takePiece(run, piece);
    },
    putOff: (given, until) => {
      const [replays, run] = part(given);
      return replays.putOff(run, until);
    },
  };
}
