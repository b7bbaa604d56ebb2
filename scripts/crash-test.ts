// `npm run crash-test`: tests that a crash loses no accepted event. Kills a local Sluice with SIGKILL in the middle of the demo, starts it
// again with the same state, and lets the demo compare what was sent and what arrived.
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface CrashReport {
  /** Events accepted when Sluice was killed; null if it was not killed. */
  readonly killedAt: number | null;
  readonly demoExitCode: number | null;
  /** Everything that the demo printed. */
  readonly output: string;
}

/** About a third of the demo's events. */
const KILL_AT = 110;

/** @param say prints each step */
export async function crashInTheMiddle(say: (line: string) => void): Promise<CrashReport> {
  const state = await mkdtemp(join(tmpdir(), "sluice-crash-"));
  const env = {
    ...process.env,
    PORT: String(await freePort()),
    SLUICE_STATE: state,
    SLUICE_ADMIN_TOKEN: randomBytes(16).toString("hex"),
    SLUICE_MASTER_KEY: randomBytes(32).toString("base64"),
  };
  delete (env as NodeJS.ProcessEnv)["SLUICE_URL"];
  let sluice = await startSluice(env);
  const demo = script("demo.ts", { ...env, DEMO_SIGNAL_AT: String(KILL_AT) });
  const demoEnd = once(demo, "close");
  try {
    let output = "";
    let killedAt: number | null = null;
    const restarts: Promise<ChildProcess>[] = [];
    const watch = (line: string): void => {
      output += `${line}\n`;
      say(line);
      const [, done] = /^accepted (\d+) so far$/.exec(line) ?? [];
      if (killedAt !== null || done === undefined) return;
      killedAt = Number(done);
      killGroup(sluice);
      say("killed Sluice with SIGKILL; restarting it");
      const restart = startSluice(env);
      // A failed start is reported below, after the demo has given up.
      restart.catch(() => {});
      restarts.push(restart);
    };
    if (demo.stdout) createInterface({ input: demo.stdout }).on("line", watch);
    if (demo.stderr) createInterface({ input: demo.stderr }).on("line", watch);
    const [demoExitCode] = (await demoEnd) as [number | null];
    for (const restart of restarts) sluice = await restart;
    return { killedAt, demoExitCode, output };
  } finally {
    killGroup(demo);
    killGroup(sluice);
    await rm(state, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

// Runs in its own process group, so that one signal reaches wrangler and workerd too.
export function script(name: string, env: NodeJS.ProcessEnv): ChildProcess {
  const path = join(import.meta.dirname, name);
  return spawn(process.execPath, [path], { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
}

export async function startSluice(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = script("start.ts", env);
  let output = "";
  await new Promise<void>((ready, failed) => {
    const read = (chunk: Buffer): void => {
      // Output is always read, because the pipe would fill up otherwise, but kept only until Sluice is ready.
      if (child.killed || output.includes("Sluice is ready")) return;
      output += chunk.toString();
      if (output.includes("Sluice is ready")) ready();
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => failed(new Error(`Sluice did not start (${code}).\n${output}`)));
  });
  return child;
}

export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

if (import.meta.main) {
  const { killedAt, demoExitCode } = await crashInTheMiddle((line) => console.log(line));
  console.log(killedAt === null ? "The demo ended before Sluice could be killed." : `Killed after ${killedAt} events.`);
  process.exitCode = killedAt !== null && demoExitCode === 0 ? 0 : 1;
}
