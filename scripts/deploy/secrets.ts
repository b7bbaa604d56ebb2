// The two secrets of a deployment. The first run makes them, keeps them in a file that only its owner can read, and sends them with the Worker, so that
// there is no moment without. Later runs leave them alone.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import { adminTokenFault } from "../../src/config/admin-token.ts";
import { Advice } from "../cloudflare/advice.ts";

export const SECRETS = ["SLUICE_ADMIN_TOKEN", "SLUICE_MASTER_KEY"] as const;
type Secrets = Readonly<Partial<Record<string, string>>>;

const MAKE: Readonly<Record<(typeof SECRETS)[number], () => string>> = {
  SLUICE_ADMIN_TOKEN: () => randomBytes(24).toString("hex"),
  SLUICE_MASTER_KEY: () => randomBytes(32).toString("base64"),
};

/** Not committed, and not in .wrangler, which people delete. */
export const secretsFile = (root: string, worker: string): string => join(root, ".sluice", `${worker}.env`);

export function readSecrets(file: string): Secrets {
  return existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
}

/** Machines that are thrown away: what a first run makes there would be lost with them. */
const isThrownAway = (env: NodeJS.ProcessEnv): boolean =>
  ["GITHUB_ACTIONS", "GITLAB_CI", "WORKERS_CI"].some((name) => Boolean(env[name]));

/**
 * What the Worker lacks: from the environment, from the file of a run that failed, or new.
 * @param present names of the secrets that the Worker has @throws Advice for a value that must not be used
 */
export function missingSecrets(
  present: readonly string[],
  env: NodeJS.ProcessEnv,
  kept: Secrets,
): Record<string, string> {
  const missing: Record<string, string> = {};
  for (const name of SECRETS) {
    if (present.includes(name)) continue;
    const given = env[name]?.trim() || kept[name];
    if (!given && isThrownAway(env))
      throw new Advice(
        `This machine is thrown away, so the secrets of a first deployment cannot be made here. Make them yourself, keep them, and set them as secrets of
this pipeline: SLUICE_ADMIN_TOKEN (openssl rand -hex 24) and SLUICE_MASTER_KEY (openssl rand -base64 32).`,
      );
    missing[name] = given || MAKE[name]();
  }
  const fault = secretFault(missing);
  if (fault !== null) throw new Advice(fault);
  return missing;
}

/** What is wrong with the values, in words; null when nothing is. */
function secretFault({ SLUICE_ADMIN_TOKEN: token, SLUICE_MASTER_KEY: key }: Secrets): string | null {
  const tokenFault = token === undefined ? null : adminTokenFault(token);
  if (tokenFault !== null) return tokenFault;
  const isKey = key === undefined || (/^[A-Za-z0-9+/]{43}=$/.test(key) && Buffer.from(key, "base64").length === 32);
  return isKey ? null : "SLUICE_MASTER_KEY must be base64 of 32 bytes. Make one with `openssl rand -base64 32`.";
}

/** Adds the values to those in the file. */
export async function keepSecrets(file: string, secrets: Secrets): Promise<void> {
  const all = { ...readSecrets(file), ...secrets };
  const lines = Object.entries(all).map(([name, value]) => `${name}="${value}"\n`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, lines.join(""), { mode: 0o600 });
}
