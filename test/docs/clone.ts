// A clean clone of this checkout, and a shell that runs blocks of the documents in it.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { killGroup } from "../../scripts/local-sluice.ts";

const checkout = join(import.meta.dirname, "../..");
const LEFT_OUT = new Set(["node_modules", ".wrangler", ".git", ".sluice", ".dev.vars"]);

export interface Clone {
  readonly folder: string;
  /** How long `git clone` took. Milliseconds. */
  readonly clonedInMs: number;
  /** Runs a script with `bash -euo pipefail`. */
  readonly run: (script: string, env?: Readonly<Record<string, string>>) => Promise<Ran>;
  /** The same, without waiting for its end. */
  readonly start: (script: string, env?: Readonly<Record<string, string>>) => ChildProcess;
  readonly remove: () => Promise<void>;
}

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** Packages are those of this checkout: `npm ci` in a block does nothing. A request that is refused fails its block. */
const PRELUDE = `
npm() { if [ "$1" = ci ]; then echo "packages are installed"; else command npm "$@"; fi; }
curl() { command curl -sS --fail-with-body "$@"; echo; }
`;

export function makeClone(): Clone {
  const base = mkdtempSync(join(tmpdir(), "sluice-clone-"));
  const [origin, folder] = [join(base, "origin"), join(base, "sluice")];
  for (const name of filesOf()) {
    mkdirSync(dirname(join(origin, name)), { recursive: true });
    cpSync(join(checkout, name), join(origin, name));
  }
  const git = (cwd: string, ...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { cwd, stdio: "pipe" });
  git(origin, "init", "-q", "-b", "main");
  git(origin, "add", "-A", "-f");
  git(origin, "commit", "-q", "-m", "x");
  const began = performance.now();
  git(base, "clone", "-q", origin, folder);
  const clonedInMs = performance.now() - began;
  // A link is not the folder that .gitignore names.
  appendFileSync(join(folder, ".git/info/exclude"), "node_modules\n");
  symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
  let blocks = 0;
  const running = new Set<ChildProcess>();
  const start: Clone["start"] = (script, env = {}) => {
    const file = join(base, `block-${blocks++}.sh`);
    writeFileSync(file, PRELUDE + script);
    const child = spawn("bash", ["-euo", "pipefail", file], {
      cwd: folder,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", ...env },
    });
    running.add(child);
    child.once("exit", () => running.delete(child));
    return child;
  };
  return {
    folder,
    clonedInMs,
    start,
    run: async (script, env) => {
      const child = start(script, env);
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
      const [code] = (await once(child, "close")) as [number | null];
      return { code, output };
    },
    remove: async () => {
      // What a test that failed has left running.
      for (const child of running) killGroup(child);
      await rm(base, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** As git sees the checkout; where there is no git, everything that is not made by a command. */
function filesOf(): string[] {
  try {
    const list = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "--deduplicate"], {
      cwd: checkout,
      encoding: "utf8",
      stdio: "pipe",
    });
    const deleted = execFileSync("git", ["ls-files", "-d"], { cwd: checkout, encoding: "utf8", stdio: "pipe" });
    return list.split("\n").filter((name) => name !== "" && !deleted.split("\n").includes(name));
  } catch {
    return readdirSync(checkout, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(checkout.length + 1))
      .filter((name) => !name.split("/").some((part) => LEFT_OUT.has(part)));
  }
}
