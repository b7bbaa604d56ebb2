#!/usr/bin/env node
// Starts the command line with the installed Node. If that Node cannot run TypeScript, starts the one that is installed as a package
// instead.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = new URL("./main.ts", import.meta.url);
const readsTypeScript = process.features.typescript !== undefined && process.features.typescript !== false;

if (readsTypeScript) await import(main.href);
else {
  const bundled = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url));
  if (!existsSync(bundled)) {
    console.error(
      "sluice: run `npm install` first. This Node version cannot run TypeScript, and the Node package is not installed.",
    );
    process.exit(1);
  }
  const child = spawn(bundled, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`sluice: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => (signal === null ? process.exit(code ?? 1) : process.kill(process.pid, signal)));
}
