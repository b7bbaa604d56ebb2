// A Sluice of its own for a test, a bench or a demo: started as a user starts it, on a free port, with its own state and secrets.
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PatientClient } from "./demo/client.ts";

export interface LocalSluice {
  readonly client: PatientClient;
  /** The directory that its state is in. */
  readonly state: string;
  /** The process group of wrangler and workerd. */
  readonly group: () => number | undefined;
  /** Starts it again on the same state. */
  readonly start: () => Promise<void>;
  /** SIGKILL to the whole group. */
  readonly kill: () => Promise<void>;
  /** Kills it and removes its state. */
  readonly stop: () => Promise<void>;
}

/** @param given a directory to keep the state in; a new one by default @param vars further variables of its environment */
export async function startSluice(given?: string, vars: Readonly<Record<string, string>> = {}): Promise<LocalSluice> {
  const state = given ?? (await mkdtemp(join(tmpdir(), "sluice-")));
  const port = await freePort();
  const client = new PatientClient(`http://localhost:${port}`, randomBytes(16).toString("hex"));
  const env = {
    ...process.env,
    ...vars,
    PORT: String(port),
    SLUICE_STATE: state,
    SLUICE_ADMIN_TOKEN: client.token,
    SLUICE_MASTER_KEY: randomBytes(32).toString("base64"),
  };
  let child: ChildProcess | null = null;
  const sluice: LocalSluice = {
    client,
    state,
    group: () => child?.pid,
    start: async () => {
      child = startScript("start.ts", env);
      await ready(child);
    },
    kill: async () => {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      killGroup(child);
      await ended;
    },
    stop: async () => {
      await sluice.kill();
      await rm(state, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
  await sluice.start();
  return sluice;
}

/** Runs a script of this folder in a process group of its own, so that one signal reaches wrangler and workerd too. */
export function startScript(name: string, env: NodeJS.ProcessEnv): ChildProcess {
  const path = join(import.meta.dirname, name);
  return spawn(process.execPath, [path], { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
}

async function ready(child: ChildProcess): Promise<void> {
  let output = "";
  await new Promise<void>((resolve, failed) => {
    const read = (chunk: Buffer): void => {
      // Output is always read, because the pipe would fill up otherwise, but kept only until Sluice is ready.
      if (child.killed || output.includes("Sluice is ready")) return;
      output += chunk.toString();
      if (output.includes("Sluice is ready")) resolve();
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => failed(new Error(`Sluice did not start (${code}).\n${output}`)));
  });
}

export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}

/** A port that nothing listens on. Not one that the system gives out by itself: it would go to another server while that for which it is restarts. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const server = createServer();
    try {
      await once(server.listen(port, "127.0.0.1"), "listening");
    } catch {
      continue;
    }
    server.close();
    await once(server, "close");
    return port;
  }
}
