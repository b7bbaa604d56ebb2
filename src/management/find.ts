// Records by name.
import { invalid, Problem } from "../model/problem.ts";
import { findConfig, type Kind, type RecordOf } from "../store/index.ts";
import { KIND_NAMES, readStoredSpec } from "./specs.ts";
import type { State } from "./consequences.ts";

/** @param name id or slug @throws Problem `not_found` */
export async function findRecord<K extends Kind>(db: D1Database, kind: K, name: string): Promise<RecordOf<K>> {
  const record = await findConfig(db, kind, name);
  if (record === null) throw new Problem("not_found", `There is no such ${KIND_NAMES[kind]}.`);
  return record;
}

/** What no record can be called is not repeated. @returns the problem of a field that names none */
export function noneNamed(pointer: string, kind: Kind, name: unknown): Problem {
  const isName = typeof name === "string" && /^[\w-]{1,64}$/.test(name);
  const missing = isName ? `${KIND_NAMES[kind]} \`${name}\`` : `such ${KIND_NAMES[kind]}`;
  return invalid(pointer, `is unknown: there is no ${missing}`);
}

/** The record that a field of the input names by id or slug. @throws Problem that names the field */
export async function findNamedIn<K extends Kind>(
  db: D1Database,
  kind: K,
  pointer: string,
  name: unknown,
): Promise<RecordOf<K>> {
  if (typeof name !== "string") throw invalid(pointer, "is required: an id or a slug");
  const record = await findConfig(db, kind, name);
  if (record === null) throw noneNamed(pointer, kind, name);
  return record;
}

export const readState = (kind: Kind, record: { readonly spec: string; readonly paused?: number }): State => ({
  spec: readStoredSpec(kind, record.spec),
  paused: record.paused === 1,
});
