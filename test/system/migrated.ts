// Applies the migrations once for all tests that start a Sluice: each takes a copy of the state, as its start would make it in six seconds.
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import type { TestProject } from "vitest/node";
import { applyMigrations } from "../../scripts/start/wrangler.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly migrated: string;
  }
}

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "sluice-system-"));

/** Before the first test. @returns what is done after the last */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stateDir = await newFolder();
  await applyMigrations({ root: join(import.meta.dirname, "../.."), stateDir });
  project.provide("migrated", stateDir);
  return () => rm(stateDir, { recursive: true, force: true });
}

/** A state directory of its own for one Sluice. Whoever asks for it removes it. @param at where; a new folder by default */
export async function newState(at?: string): Promise<string> {
  const stateDir = at ?? (await newFolder());
  await cp(inject("migrated"), stateDir, { recursive: true });
  return stateDir;
}
