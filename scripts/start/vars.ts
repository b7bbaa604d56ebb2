// The local variables. `.dev.vars` keeps the secrets between runs, and the environment overrides it. Both are passed to wrangler in a
// private file, because other users of the machine can read command lines.
import { randomBytes } from "node:crypto";
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";

export type Variables = Readonly<Record<string, string>>;

const SECRETS: Readonly<Record<string, () => string>> = {
  SLUICE_ADMIN_TOKEN: () => randomBytes(24).toString("hex"),
  SLUICE_MASTER_KEY: () => randomBytes(32).toString("base64"),
};

/** Local defaults that differ from production. The environment may override each. */
const LOCAL_DEFAULTS: Variables = {
  // Local queues are in memory, so an event must be in D1 before the 202.
  JOURNAL: "always",
  SLUICE_ALLOW_PRIVATE: "true",
  // Longer than a batch that waits for a timeout; otherwise its events would be sent twice.
  OUTBOX_VISIBILITY_SECONDS: "30",
  SWEEP_GRACE_SECONDS: "5",
};
const OVERRIDABLE = [
  ...Object.keys(LOCAL_DEFAULTS),
  "LOG_LEVEL",
  "SLUICE_PLAN",
  "RETENTION_DAYS",
  "BACKPRESSURE_SHARE",
  "CLOUDFLARE_API_URL",
];

/** The variables in `.dev.vars`; empty if there is no such file. */
export function readDevVars(root: string): Variables {
  const path = join(root, ".dev.vars");
  if (!existsSync(path)) return {};
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(readFileSync(path, "utf8")))) {
    if (value) found[name] = value;
  }
  return found;
}

/** Appends secrets that are neither in the environment nor in `.dev.vars`. Existing lines stay. @returns the names added */
export function ensureSecrets(root: string, environment: NodeJS.ProcessEnv): readonly string[] {
  const path = join(root, ".dev.vars");
  const present = readDevVars(root);
  const missing = Object.keys(SECRETS).filter((name) => !present[name] && !environment[name]);
  if (missing.length === 0) return missing;
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const lines = missing.map((name) => `${name}="${SECRETS[name]?.() ?? ""}"\n`).join("");
  appendFileSync(path, (before === "" || before.endsWith("\n") ? "" : "\n") + lines, { mode: 0o600 });
  chmodSync(path, 0o600);
  return missing;
}

/** The variables of this run: local defaults, then `.dev.vars`, then the environment. */
export function localVariables(root: string, environment: NodeJS.ProcessEnv): Variables {
  const merged: Record<string, string> = { ...LOCAL_DEFAULTS, ...readDevVars(root) };
  for (const name of [...OVERRIDABLE, ...Object.keys(SECRETS)]) {
    const value = environment[name];
    if (value) merged[name] = value;
  }
  return merged;
}

/** Writes the variables for `wrangler dev --env-file`, readable only by the owner. @returns the file's path */
export function writeVarsFile(stateDir: string, variables: Variables): string {
  mkdirSync(stateDir, { recursive: true });
  const path = join(stateDir, "local.vars");
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${quote(name, value)}\n`);
  writeFileSync(path, lines.join(""), { mode: 0o600 });
  chmodSync(path, 0o600);
  return path;
}

// The dotenv format has no escapes inside quotes, so each value uses a quote that it does not contain.
function quote(name: string, value: string): string {
  const mark = ["'", '"', "`"].find((candidate) => !value.includes(candidate));
  if (mark === undefined) throw new Error(`${name} contains every kind of quote; choose another value`);
  return mark + value + mark;
}
