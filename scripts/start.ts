// `npm start`: runs Sluice on this machine. Generates the secrets, applies the migrations, runs `wrangler dev` and calls the cron handler.
// Environment variables: PORT (8787), SLUICE_STATE (.wrangler/state), SLUICE_ADMIN_TOKEN.
import { join, resolve } from "node:path";
import { adminTokenFault } from "../src/config/admin-token.ts";
import { fireCron } from "./start/cron.ts";
import { guide } from "./start/guide.ts";
import { profileFile } from "./start/profile.ts";
import { ensureSecrets, localVariables, writeVarsFile } from "./start/vars.ts";
import { applyMigrations, startDev, type DevServer } from "./start/wrangler.ts";

const READY_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 8_000;

const root = join(import.meta.dirname, "..");
const port = Number(process.env["PORT"] ?? 8787);
if (!Number.isInteger(port) || port < 1 || port > 65_535) fail(`PORT must be a number from 1 to 65535.`);
const origin = `http://localhost:${port}`;
const stateDir = resolve(root, process.env["SLUICE_STATE"] ?? ".wrangler/state");
const local = { root, stateDir };

const added = ensureSecrets(root, process.env);
if (added.length > 0) console.log(`Wrote ${added.join(" and ")} to .dev.vars.`);
const variables = localVariables(root, process.env);
const fault = adminTokenFault(variables["SLUICE_ADMIN_TOKEN"] ?? "");
if (fault !== null) fail(`${fault} Without the line in .dev.vars, npm start writes one.`);
if (!["free", "paid", undefined].includes(variables["SLUICE_PLAN"])) fail("SLUICE_PLAN must be free or paid.");
const varsFile = writeVarsFile(stateDir, variables);

console.log("Applying migrations ...");
await applyMigrations(local).catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));

console.log("Starting ...");
const dev = startDev(local, port, varsFile, await profileFile(root, stateDir, variables));
const stopCron = new AbortController();
let stopping = false;

dev.child.once("exit", (code, signal) => {
  stopCron.abort();
  if (!stopping) console.error(`${dev.output()}\nwrangler exited unexpectedly (${signal ?? code}).`);
  // Even exit code 0 is a failure if the exit was not requested.
  process.exit(stopping ? (code ?? 1) : code || 1);
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop(dev, signal));

if (await answers()) {
  dev.passOn();
  console.log(guide(origin, variables["SLUICE_ADMIN_TOKEN"] ?? "", stateDir));
  await fireCron(origin, stopCron.signal);
} else if (!stopping) {
  console.error(`${dev.output()}\nNo response from ${origin}/healthz.`);
  process.exitCode = 1;
  stop(dev, "SIGTERM");
}

async function answers(): Promise<boolean> {
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until && !stopping) {
    try {
      const response = await fetch(`${origin}/healthz`, { signal: AbortSignal.timeout(10_000) });
      await response.arrayBuffer();
      if (response.ok) return true;
    } catch {
      // Not up yet.
    }
    await new Promise((wake) => setTimeout(wake, 200));
  }
  return false;
}

function stop(server: DevServer, signal: NodeJS.Signals): void {
  if (stopping) return;
  stopping = true;
  stopCron.abort();
  server.child.kill(signal);
  setTimeout(() => server.child.kill("SIGKILL"), STOP_WITHIN_MS).unref();
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
