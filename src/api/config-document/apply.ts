// Puts a plan into effect: one write, then what follows from it. What fails after the write the sweep makes good.
import { jsonEqual } from "../../kernel/json-equal.ts";
import { runPool } from "../../kernel/pool.ts";
import { changedFields, type AuditEntry } from "../../model/audit.ts";
import type { DestinationSpec } from "../../model/destination.ts";
import { newConnectionId, newDestinationId, newSourceId, type DestinationId } from "../../model/ids.ts";
import { describeError } from "../../telemetry/index.ts";
import type { Audited } from "../audited.ts";
import type { ApiDeps } from "../deps.ts";
import { Problem } from "../../model/problem.ts";
import type { Draft } from "./draft.ts";
import type { Plan } from "./plan.ts";
import { KIND_NAMES, type Stored, type StoredConfig } from "./stored.ts";
import { limitsOf } from "../../gate/index.ts";
import {
  applySnapshot,
  type KindChange,
  type NewRow,
  type Snapshot,
  CONFIG_KINDS,
  type Kind,
} from "../../store/index.ts";

const WIDTH = 6;

const NEW_ID = { sources: newSourceId, destinations: newDestinationId, connections: newConnectionId } as const;

interface Placed {
  readonly draft: Draft;
  readonly row: NewRow;
}

/** Gives new records their ids, connections those of their ends. */
function place(plan: Plan, config: StoredConfig, now: number): Placed[] {
  const ids = new Map<string, string>();
  for (const kind of ["sources", "destinations"] as const)
    for (const [slug, { id }] of config[kind]) ids.set(`${kind}/${slug}`, id);
  const idOf = ({ kind, slug, stored }: Draft): string => {
    const id = stored?.id ?? NEW_ID[kind](now);
    ids.set(`${kind}/${slug}`, id);
    return id;
  };
  const inOrder = CONFIG_KINDS.flatMap((kind) => plan.drafts.filter((draft) => draft.kind === kind));
  return inOrder.map((draft) => {
    const { kind, slug, ends } = draft;
    const row = {
      id: idOf(draft),
      slug,
      spec: JSON.stringify(draft.spec),
      ...(kind === "sources" ? {} : { paused: Number(draft.paused) }),
    };
    if (ends === null) return { draft, row };
    const source_id = ids.get(`sources/${ends.source}`) ?? "";
    const destination_id = ids.get(`destinations/${ends.destination}`) ?? "";
    return { draft, row: { ...row, source_id, destination_id } };
  });
}

/** Sources whose route documents the plan alters: of its own kind, of its connections, and of what its destinations are connected to. */
function affectedBy(plan: Plan, placed: readonly Placed[], config: StoredConfig): string[] {
  const changed = placed.filter(({ draft }) => draft.changed);
  const destinations = new Set(changed.filter(({ draft }) => draft.kind === "destinations").map(({ row }) => row.id));
  const gone = new Set(plan.deleted.map(({ id }) => id));
  const touched = [
    ...changed.flatMap(({ draft, row }) => (draft.kind === "sources" ? [row.id] : (row.source_id ?? []))),
    ...[...config.connections.values()].flatMap(({ id, ends }) =>
      ends !== null && (gone.has(id) || destinations.has(ends.destinationId)) ? [ends.sourceId] : [],
    ),
  ];
  return [...new Set(touched)].filter((id) => !gone.has(id));
}

/** Throws `conflict` when the configuration is no longer what the plan was made from; then nothing has changed. */
export async function applyPlan(
  plan: Plan,
  read: Snapshot,
  config: StoredConfig,
  deps: ApiDeps,
  audit: (change: Audited, now: number) => AuditEntry,
): Promise<void> {
  const now = deps.now();
  const placed = place(plan, config, now);
  const changed = placed.filter(({ draft }) => draft.changed);
  if (changed.length === 0 && plan.deleted.length === 0) return;
  const affected = affectedBy(plan, placed, config);
  const rows = (kind: Kind, isNew: boolean): NewRow[] =>
    changed.filter(({ draft }) => draft.kind === kind && (draft.stored === null) === isNew).map(({ row }) => row);
  const changeOf = (kind: Kind): KindChange => ({
    deleted: plan.deleted.filter((record) => record.kind === kind).map(({ id }) => id),
    created: rows(kind, true),
    updated: rows(kind, false),
  });
  const change = {
    sources: changeOf("sources"),
    destinations: changeOf("destinations"),
    connections: changeOf("connections"),
  };
  const entries = [...plan.deleted.map(deletion), ...changed.map(alteration)].map((each) => audit(each, now));
  if (!(await applySnapshot(deps.db, read, change, affected, entries, now))) throw new Problem("conflict");
  const removed = plan.deleted.filter(({ kind }) => kind === "sources").map(({ spec }) => spec.slug);
  await quietly(deps, "publish", () => deps.publish(affected, removed));
  await runPool(changed, WIDTH, (each) => followUp(each, deps));
  await runPool(plan.deleted, WIDTH, ({ kind, id }) =>
    quietly(deps, "cancel", () => deps.cancelWaiting(KIND_NAMES[kind], id)),
  );
}

const deletion = ({ kind, id, spec }: Stored): Audited => ({
  action: "delete",
  kind: KIND_NAMES[kind],
  resource_id: id,
  resource_name: spec.slug,
});

const alteration = ({ draft: { kind, slug, stored, item }, row }: Placed): Audited => ({
  action: stored === null ? "create" : "update",
  kind: KIND_NAMES[kind],
  resource_id: row.id,
  resource_name: slug,
  changed: stored === null ? [] : changedFields(stored.item, item),
});

/** What changed limits and an ended pause mean for deliveries that wait. */
async function followUp({ draft: { kind, stored, spec, paused }, row: { id } }: Placed, deps: ApiDeps): Promise<void> {
  if (stored === null || kind === "sources") return;
  const resumed = stored.paused && !paused;
  const limits = (of: unknown): unknown => limitsOf(of as DestinationSpec);
  if (kind === "destinations" && (resumed || !jsonEqual(limits(stored.spec), limits(spec))))
    await quietly(deps, "reschedule", () => deps.reschedule(id as DestinationId));
  if (resumed)
    await quietly(deps, "release", () =>
      deps.release(kind === "destinations" ? { destination_id: id } : { connection_id: id }),
    );
}

async function quietly(deps: ApiDeps, what: string, work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => deps.log.error(`${what} failed`, { error: describeError(error) }));
}
