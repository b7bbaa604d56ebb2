// What follows from a change of the configuration that has been written: route documents are published, waiting deliveries are
// rescheduled, released or cancelled. A failure here is no error to the caller: the change is stored, and the sweep repeats what failed.
import { jsonEqual } from "../kernel/json-equal.ts";
import { runPool } from "../kernel/pool.ts";
import type { DestinationSpec } from "../model/destination.ts";
import type { DestinationId } from "../model/ids.ts";
import { limitsOf } from "../gate/index.ts";
import { describeError } from "../telemetry/index.ts";
import type { Kind } from "../store/index.ts";
import type { ManagementPorts } from "./ports.ts";
import { KIND_NAMES, type Spec } from "./specs.ts";

export type ConsequencePorts = Pick<ManagementPorts, "publish" | "reschedule" | "release" | "cancelWaiting" | "log">;

/** A record before or after a change. */
export interface State {
  readonly spec: Spec;
  readonly paused: boolean;
}

export interface Change {
  readonly kind: Kind;
  readonly id: string;
  /** Null for a new record. */
  readonly before: State | null;
  /** Null for a deleted record. */
  readonly after: State | null;
}

/** How many records are handled at a time. */
const WIDTH = 6;

/** @param affected sources whose route documents change; deleted sources are left out */
export async function follow(
  changes: readonly Change[],
  affected: readonly string[],
  ports: ConsequencePorts,
): Promise<void> {
  const quietly = (what: string, work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => ports.log.error(`${what} failed`, { error: describeError(error) }));
  await quietly("publish", ports.publish(affected, goneSlugs(changes)));
  await runPool(changes, WIDTH, async ({ kind, id, before, after }) => {
    if (before === null) return;
    if (after === null) return quietly("cancel", ports.cancelWaiting(KIND_NAMES[kind], id));
    const resumed = before.paused && !after.paused;
    if (kind === "destinations" && (resumed || limitsDiffer(before, after)))
      await quietly("reschedule", ports.reschedule(id as DestinationId));
    if (resumed)
      await quietly("release", ports.release(kind === "destinations" ? { destination_id: id } : { connection_id: id }));
  });
}

/** Slugs that no longer name a source. */
const goneSlugs = (changes: readonly Change[]): string[] =>
  changes.flatMap(({ kind, before, after }) =>
    kind === "sources" && before !== null && before.spec.slug !== after?.spec.slug ? [before.spec.slug] : [],
  );

const limitsDiffer = (before: State, after: State): boolean =>
  !jsonEqual(limitsOf(before.spec as DestinationSpec), limitsOf(after.spec as DestinationSpec));
