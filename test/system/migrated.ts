// Applies the migrations once for all tests that start a Sluice: each takes a copy of the state, as its start would make it in six seconds.
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyMigrations } from "../../scripts/start/wrangler.ts";

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "sluice-system-"));

/** Before the first test of any project. @returns what is done after the last */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env["MIGRATED_STATE"] !== undefined) return undefined;
  const stateDir = await newFolder();
  await applyMigrations({ root: join(import.meta.dirname, "../.."), stateDir });
  process.env["MIGRATED_STATE"] = stateDir;
  return () => rm(stateDir, { recursive: true, force: true });
}

/** A state directory of its own for one Sluice, which removes it. Empty outside of tests. */
export async function newState(): Promise<string> {
  const stateDir = await newFolder();
  const migrated = process.env["MIGRATED_STATE"];
  if (migrated !== undefined) await cp(migrated, stateDir, { recursive: true });
  return stateDir;
}
