// Writes a plan in one batch, then handles its consequences.
import { changedFields } from "../../model/audit.ts";
import { Problem } from "../../model/problem.ts";
import {
  applySnapshot,
  type KindChange,
  type NewRow,
  type Snapshot,
  CONFIG_KINDS,
  type Kind,
} from "../../store/index.ts";
import { auditEntry, recordChange, type Audited } from "../audited.ts";
import { follow, type Change } from "../consequences.ts";
import type { ManagementPorts } from "../ports.ts";
import { newStoredSpec, writeStoredSpec } from "../specs.ts";
import type { Draft } from "./draft.ts";
import type { Plan } from "./plan.ts";
import type { Stored, StoredConfig } from "./stored.ts";

interface Placed {
  readonly draft: Draft;
  readonly row: NewRow;
}

/** The rows of a plan: connections get the ids of their ends. */
function place(plan: Plan, read: Snapshot, config: StoredConfig): Placed[] {
  const ids = new Map<string, string>();
  const stored = new Map(CONFIG_KINDS.flatMap((kind) => read[kind].map(({ id, spec }) => [id, spec] as const)));
  for (const kind of ["sources", "destinations"] as const)
    for (const [slug, { id }] of config[kind]) ids.set(`${kind}/${slug}`, id);
  for (const { kind, slug, id } of plan.drafts) ids.set(`${kind}/${slug}`, id);
  const inOrder = CONFIG_KINDS.flatMap((kind) => plan.drafts.filter((draft) => draft.kind === kind));
  return inOrder.map((draft) => {
    const { kind, slug, ends } = draft;
    const before = stored.get(draft.id);
    const row = {
      id: draft.id,
      slug,
      spec: before === undefined ? newStoredSpec(kind, draft.spec) : writeStoredSpec(kind, before, draft.spec),
      ...(kind === "sources" ? {} : { paused: Number(draft.paused) }),
    };
    if (ends === null) return { draft, row };
    const source_id = ids.get(`sources/${ends.source}`) ?? "";
    const destination_id = ids.get(`destinations/${ends.destination}`) ?? "";
    return { draft, row: { ...row, source_id, destination_id } };
  });
}

/** Sources whose route documents the plan changes: changed sources, those of changed connections, those connected to changed destinations. */
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
export async function writePlan(
  plan: Plan,
  read: Snapshot,
  config: StoredConfig,
  ports: ManagementPorts,
): Promise<void> {
  const now = ports.now();
  const placed = place(plan, read, config);
  const changed = placed.filter(({ draft }) => draft.changed);
  if (changed.length === 0 && plan.deleted.length === 0) return;
  const affected = affectedBy(plan, placed, config);
  const rows = (kind: Kind, isNew: boolean): NewRow[] =>
    changed.filter(({ draft }) => draft.kind === kind && (draft.stored === null) === isNew).map(({ row }) => row);
  const kindChange = (kind: Kind): KindChange => ({
    deleted: plan.deleted.filter((record) => record.kind === kind).map(({ id }) => id),
    created: rows(kind, true),
    updated: rows(kind, false),
  });
  const change = {
    sources: kindChange("sources"),
    destinations: kindChange("destinations"),
    connections: kindChange("connections"),
  };
  const entries = [...plan.deleted.map(deletion), ...changed.map(alteration)].map((each) =>
    auditEntry(ports.actor, now, each),
  );
  if (!(await applySnapshot(ports.db, read, change, affected, entries, now))) throw new Problem("conflict");
  await follow([...changed.map(ofPlaced), ...plan.deleted.map(ofDeleted)], affected, ports);
}

const deletion = ({ kind, id, spec }: Stored): Audited => recordChange(kind, "delete", { id, slug: spec.slug });

const alteration = ({ draft: { kind, slug, stored, item }, row: { id } }: Placed): Audited =>
  stored === null
    ? recordChange(kind, "create", { id, slug })
    : recordChange(kind, "update", { id, slug }, changedFields(stored.item, item));

const ofPlaced = ({ draft: { kind, stored, spec, paused }, row: { id } }: Placed): Change => ({
  kind,
  id,
  before: stored,
  after: { spec, paused },
});

const ofDeleted = (stored: Stored): Change => ({ kind: stored.kind, id: stored.id, before: stored, after: null });
