// Connects the command line to the machine. Wiring only.
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { browse } from "./machine/browser.ts";
import { writePrivate } from "./machine/private-file.ts";
import { ask } from "./machine/prompt.ts";
import { hostname, userInfo } from "node:os";
import { callServer } from "./listen/local-server.ts";
import { run } from "./run.ts";
import { openSocket } from "./socket.ts";

// The reader closed the pipe: `sluice events | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

/** Whether a signal ended a command that runs until it is stopped. */
let wasStopped = false;

function watchKeys(pressed: (key: string) => void): () => void {
  const { stdin } = process;
  const end = (): void => pressed("end");
  const read = (keys: Buffer): void => {
    for (const key of keys.toString()) pressed(key === "\u0003" ? "end" : key);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, end);
  if (stdin.isTTY) stdin.setRawMode(true).resume().on("data", read);
  return () => {
    wasStopped = true;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, end);
    if (stdin.isTTY) stdin.off("data", read).pause().setRawMode(false);
  };
}

/** In a container, the user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "user";
  }
}

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: process.stdout,
  err: process.stderr,
  interactive: process.stdin.isTTY && process.stdout.isTTY,
  fetch,
  now: Date.now,
  random: Math.random,
  sleep: (ms, stop) => sleep(ms, undefined, { signal: stop }).catch(() => undefined),
  readFile,
  writeFile: (path, text) => writeFile(path, text),
  createFile: (path, text) => writeFile(path, text, { flag: "wx" }),
  writePrivate,
  readInput: async () => new Uint8Array(await buffer(process.stdin)),
  version: () => {
    const manifest = readFileSync(join(import.meta.dirname, "../package.json"), "utf8");
    return (JSON.parse(manifest) as { readonly version: string }).version;
  },
  ask: (question) => ask(question, true),
  askSecret: (question) => ask(question, false),
  browse,
  openSocket,
  callServer,
  whoAndWhere: `${userName()}-${hostname()}`,
  watchKeys,
});
// It does not wait for what it has under way: a slow server, a Sluice that does not answer.
if (wasStopped) process.stdout.write("", () => process.exit());
