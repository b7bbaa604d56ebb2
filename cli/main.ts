// Connects the command line to the machine. Wiring only.
import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "./run.ts";

// The reader closed the pipe: `sluice events | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: process.stdout,
  err: process.stderr,
  interactive: process.stdin.isTTY && process.stdout.isTTY,
  fetch,
  now: Date.now,
  sleep: (ms) => sleep(ms),
  readFile,
  writeFile: (path, text) => writeFile(path, text),
  readInput: async () => new Uint8Array(await buffer(process.stdin)),
  ask: async (question) => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await terminal.question(question);
    terminal.close();
    return answer;
  },
});
