// A new source, destination or connection.
import type { JsonObject } from "../kernel/json-object.ts";
import { newConnectionId, newDestinationId, newSourceId } from "../model/ids.ts";
import { insertConfig, insertConnection, type Kind, type RecordOf } from "../store/index.ts";
import { auditEntry, recordChange } from "./audited.ts";
import { completeSpec, type Complete } from "./complete.ts";
import { follow } from "./consequences.ts";
import { findNamedIn, findRecord, noneNamed } from "./find.ts";
import { refuseTakenSlug, withNames } from "./names.ts";
import type { ManagementPorts } from "./ports.ts";
import { newStoredSpec } from "./specs.ts";

export interface Written<K extends Kind> {
  readonly record: RecordOf<K>;
  /** Signing secrets that Sluice made for it; null when it made none. */
  readonly made: readonly string[] | null;
}

interface Inserted extends Complete {
  readonly id: string;
  /** Sources whose route documents it alters. */
  readonly affected: readonly string[];
}

/** @throws Problem that names what is wrong; then nothing is stored */
export async function createRecord<K extends Kind>(
  kind: K,
  input: JsonObject,
  ports: ManagementPorts,
): Promise<Written<K>> {
  const insert = kind === "connections" ? insertLink : insertEnd;
  const { id, spec, affected, made } = await insert(kind, input, ports);
  await follow([{ kind, id, before: null, after: { spec, paused: false } }], affected, ports);
  return { record: await findRecord(ports.db, kind, id), made };
}

async function insertEnd(kind: Kind, input: JsonObject, ports: ManagementPorts): Promise<Inserted> {
  const now = ports.now();
  const id = kind === "sources" ? newSourceId(now) : newDestinationId(now);
  const { spec, made } = await completeSpec(kind, id, input, null, ports, (all) => withNames(ports.db, kind, all));
  const row = {
    id,
    slug: spec.slug,
    spec: newStoredSpec(kind, spec),
    created_at: now,
    updated_at: now,
  };
  const entry = auditEntry(ports.actor, now, recordChange(kind, "create", row));
  await refuseTakenSlug(row.slug, insertConfig(ports.db, kind, row, [], [entry]));
  return { id, spec, made, affected: kind === "sources" ? [row.id] : [] };
}

async function insertLink(kind: Kind, input: JsonObject, ports: ManagementPorts): Promise<Inserted> {
  const { db, actor } = ports;
  const now = ports.now();
  const { source, destination, ...rest } = input;
  const from = await findNamedIn(db, "sources", "/source", source);
  const to = await findNamedIn(db, "destinations", "/destination", destination);
  const id = newConnectionId(now);
  const { spec, made } = await completeSpec(kind, id, rest, null, ports, (all) =>
    withNames(db, kind, all, `${from.slug}-${to.slug}`),
  );
  const row = {
    id,
    slug: spec.slug,
    spec: JSON.stringify(spec),
    source_id: from.id,
    destination_id: to.id,
    created_at: now,
    updated_at: now,
  };
  const entry = auditEntry(actor, now, recordChange(kind, "create", row));
  if (!(await refuseTakenSlug(row.slug, insertConnection(db, row, [from.id], [entry])))) {
    await findNamedIn(db, "sources", "/source", from.id);
    throw noneNamed("/destination", "destinations", to.slug);
  }
  return { id, spec, made, affected: [from.id] };
}
