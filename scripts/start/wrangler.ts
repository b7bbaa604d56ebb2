// Runs wrangler locally, without prompts, metrics or a registry shared with other projects.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface Local {
  readonly root: string;
  readonly stateDir: string;
}

/** @returns the child process. It stays in this process group, so that a signal to the group also reaches workerd */
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
      // Otherwise a sample of request.cf is fetched from the network.
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      // Processes that share a registry deliver queue messages to each other.
      WRANGLER_REGISTRY_PATH: registry,
      CLOUDFLARE_DEV_REGISTRY_PATH: registry,
    },
  });
}

/** Applies migrations to the local database. @throws with wrangler's output if one fails */
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
  /** Prints the Worker's log lines from now on, and drops wrangler's earlier output. */
  passOn(): void;
  /** Wrangler's output so far, in case it fails to start. */
  output(): string;
}

/** Starts `wrangler dev` on the loopback interface. @param config another one than wrangler.toml */
export function startDev(local: Local, port: number, varsFile: string, config: string | null): DevServer {
  // An entry left over from a killed run would send queue messages to a process that no longer exists.
  rmSync(join(local.stateDir, "registry"), { recursive: true, force: true });
  const child = runWrangler(local, [
    "dev",
    ...(config === null ? [] : ["--config", config]),
    ...["--port", String(port), "--ip", "127.0.0.1", "--inspector-port", "0"],
    ...["--persist-to", local.stateDir, "--env-file", varsFile],
    ...["--show-interactive-dev-session=false", "--log-level", "log"],
    // Of tests that run another entry.
    ...(process.env["SLUICE_DEV_ARGS"]?.split(" ") ?? []),
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
