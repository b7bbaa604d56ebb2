// Pauses and resumes a destination or a connection.
import { affectedSources, updateConfig, type RecordOf } from "../store/index.ts";
import { auditEntry, recordChange } from "./audited.ts";
import { follow } from "./consequences.ts";
import { findRecord, readState } from "./find.ts";
import type { ManagementPorts } from "./ports.ts";

export type Pausable = "destinations" | "connections";

/** @param name id or slug @throws Problem `not_found` */
export const pauseRecord = <K extends Pausable>(kind: K, name: string, ports: ManagementPorts): Promise<RecordOf<K>> =>
  setPaused(kind, name, true, ports);

/** Also releases held deliveries of a record that is not paused: an earlier call may have left some. @throws Problem `not_found` */
export const resumeRecord = <K extends Pausable>(kind: K, name: string, ports: ManagementPorts): Promise<RecordOf<K>> =>
  setPaused(kind, name, false, ports);

async function setPaused<K extends Pausable>(
  kind: K,
  name: string,
  paused: boolean,
  ports: ManagementPorts,
): Promise<RecordOf<K>> {
  const { db, actor } = ports;
  const record = await findRecord(db, kind, name);
  const affected = await affectedSources(db, kind, record);
  const now = ports.now();
  const entry = auditEntry(actor, now, recordChange(kind, paused ? "pause" : "resume", record));
  await updateConfig(db, kind, record.id, { paused: Number(paused), updated_at: now }, affected, [entry]);
  const { spec } = readState(kind, record);
  const change = { kind, id: record.id, before: { spec, paused: !paused }, after: { spec, paused } };
  await follow([change], affected, ports);
  return findRecord(db, kind, record.id);
}
