// Changes fields of a source, destination or connection.
import type { JsonObject } from "../kernel/json-object.ts";
import { changedFields } from "../model/audit.ts";
import { invalid, Problem } from "../model/problem.ts";
import { affectedSources, replaceSpec, type Kind } from "../store/index.ts";
import { auditEntry, recordChange } from "./audited.ts";
import { completeSpec } from "./complete.ts";
import { follow } from "./consequences.ts";
import type { Written } from "./create.ts";
import { findRecord, readState } from "./find.ts";
import { refuseTakenSlug } from "./names.ts";
import type { ManagementPorts } from "./ports.ts";
import { readStoredSpec, writeStoredSpec } from "./specs.ts";

/** How often it starts again when the record changes meanwhile. */
const UPDATE_ROUNDS = 8;

/**
 * Fields that are not given stay as they are, also those that another request changes at the same time.
 * @param name id or slug @throws Problem that names what is wrong; then nothing is changed
 */
export async function updateRecord<K extends Kind>(
  kind: K,
  name: string,
  input: JsonObject,
  ports: ManagementPorts,
): Promise<Written<K>> {
  const { db, actor } = ports;
  for (const field of kind === "connections" ? ["source", "destination"] : []) {
    if (field in input) throw invalid(`/${field}`, "cannot be changed: make another connection");
  }
  const { id } = await findRecord(db, kind, name);
  for (let round = 0; round < UPDATE_ROUNDS; round++) {
    const record = await findRecord(db, kind, id);
    const { spec, made } = await completeSpec(kind, id, input, { ...readStoredSpec(kind, record.spec) }, ports);
    const affected = await affectedSources(db, kind, record);
    const next = writeStoredSpec(kind, record.spec, spec);
    const now = ports.now();
    const changed = changedFields(JSON.parse(record.spec), JSON.parse(next));
    const entries = changed.length === 0 ? [] : [auditEntry(actor, now, recordChange(kind, "update", record, changed))];
    const replaced = replaceSpec(db, kind, record, next, now, affected, entries, spec.slug);
    if (!(await refuseTakenSlug(spec.slug, replaced))) continue;
    const before = readState(kind, record);
    await follow([{ kind, id, before, after: { ...before, spec } }], affected, ports);
    return { record: await findRecord(db, kind, id), made };
  }
  throw new Problem("conflict");
}
