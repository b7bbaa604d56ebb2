// Runs wrangler on this machine only: without questions, metrics or a registry shared with other projects.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface Local {
  readonly root: string;
  readonly stateDir: string;
}

/** @returns the running child. It stays in this process group, so that a signal to the group reaches workerd as well */
function runWrangler({ root, stateDir }: Local, args: readonly string[]): ChildProcess {
  const registry = join(stateDir, "registry");
  return spawn(process.execPath, [join(root, "node_modules/wrangler/bin/wrangler.js"), ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      CI: "1",
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_HIDE_BANNER: "true",
      // The sample of request.cf would be fetched from the network.
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      // Processes that share a registry hand each other's queue messages over.
      WRANGLER_REGISTRY_PATH: registry,
      CLOUDFLARE_DEV_REGISTRY_PATH: registry,
    },
  });
}

/** Brings the local database up to date. @throws with wrangler's output when a migration fails */
export async function applyMigrations(local: Local): Promise<void> {
  const child = runWrangler(local, ["d1", "migrations", "apply", "DB", "--local", "--persist-to", local.stateDir]);
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`Migrations failed.\n${output}`);
}

export interface DevServer {
  readonly child: ChildProcess;
  /** From now on the Worker's log lines are passed on; what wrangler said until now is forgotten. */
  passOn(): void;
  /** What wrangler said so far, for the case that it does not come up. */
  output(): string;
}

/** Starts `wrangler dev` on the loopback interface. */
export function startDev(local: Local, port: number, varsFile: string): DevServer {
  // Left over from a killed run, an entry would send queue messages to a process that is gone.
  rmSync(join(local.stateDir, "registry"), { recursive: true, force: true });
  const child = runWrangler(local, [
    "dev",
    ...["--port", String(port), "--ip", "127.0.0.1", "--inspector-port", "0"],
    ...["--persist-to", local.stateDir, "--env-file", varsFile],
    ...["--show-interactive-dev-session=false", "--log-level", "log"],
  ]);
  const held: string[] = [];
  let passing = false;
  const pass = (from: NodeJS.ReadableStream | null, to: NodeJS.WritableStream): void => {
    if (from === null) return;
    createInterface({ input: from }).on("line", (line) => {
      if (!passing) held.push(line);
      else if (!line.startsWith("[wrangler:info]")) to.write(`${line}\n`);
    });
  };
  pass(child.stdout, process.stdout);
  pass(child.stderr, process.stderr);
  return {
    child,
    passOn: () => {
      passing = true;
      held.length = 0;
    },
    output: () => held.join("\n"),
  };
}
