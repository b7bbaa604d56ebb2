// Deletes a source, destination or connection, with the connections of a source or destination. Waiting deliveries are cancelled.
import { affectedSources, deleteConfig, type Kind } from "../store/index.ts";
import { auditEntry, recordChange } from "./audited.ts";
import { follow } from "./consequences.ts";
import { findRecord, readState } from "./find.ts";
import type { ManagementPorts } from "./ports.ts";

/** @param name id or slug @throws Problem `not_found` */
export async function removeRecord(kind: Kind, name: string, ports: ManagementPorts): Promise<void> {
  const record = await findRecord(ports.db, kind, name);
  const affected = await affectedSources(ports.db, kind, record);
  const entry = auditEntry(ports.actor, ports.now(), recordChange(kind, "delete", record));
  await deleteConfig(ports.db, kind, record.id, [entry]);
  const change = { kind, id: record.id, before: readState(kind, record), after: null };
  await follow([change], kind === "sources" ? [] : affected, ports);
}
