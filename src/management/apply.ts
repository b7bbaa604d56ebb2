// The whole configuration as one document: read, and applied.
import { MAX_CONFIG_RECORDS } from "../config/limits.ts";
import { parse } from "../model/parse.ts";
import { Problem } from "../model/problem.ts";
import { fingerprint, readSnapshot, type Snapshot } from "../store/index.ts";
import { documentSchema } from "./document/document.ts";
import { makePlan, type Plan } from "./document/plan.ts";
import { readStored, writeDocument } from "./document/stored.ts";
import { writePlan } from "./document/write-plan.ts";
import type { ManagementPorts } from "./ports.ts";

export interface ApplyOptions {
  /** Plans and checks everything, and writes nothing. */
  readonly dryRun: boolean;
  /** Deletes records that a list of the document does not name. */
  readonly prune: boolean;
  /** Throws `precondition_failed` for a state of the configuration that it refuses. */
  readonly requireState: (fingerprint: string) => void;
}

/** @throws Problem that names everything that is wrong; then nothing is changed */
export async function applyDocument(
  input: unknown,
  { dryRun, prune, requireState }: ApplyOptions,
  ports: ManagementPorts,
): Promise<{ readonly plan: Plan; readonly fingerprint: string }> {
  const document = parse(documentSchema, input);
  const snapshot = await readWhole(ports);
  const before = await fingerprint(snapshot);
  requireState(before);
  const config = readStored(snapshot);
  const plan = await makePlan(document, config, prune, ports);
  if (dryRun) return { plan, fingerprint: before };
  await writePlan(plan, snapshot, config, ports);
  return { plan, fingerprint: await fingerprint(await readWhole(ports)) };
}

export async function readConfigDocument(ports: Pick<ManagementPorts, "db">) {
  const snapshot = await readWhole(ports);
  return { document: writeDocument(readStored(snapshot)), fingerprint: await fingerprint(snapshot) };
}

async function readWhole({ db }: Pick<ManagementPorts, "db">): Promise<Snapshot> {
  const snapshot = await readSnapshot(db);
  if (snapshot !== null) return snapshot;
  throw new Problem("config_too_large", `There are more than ${MAX_CONFIG_RECORDS} records of one kind.`);
}
