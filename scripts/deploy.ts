// `npm run deploy`: applies the migrations, then deploys the Worker.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { databasesIn, deploy } from "./deploy/deploy.ts";

const root = join(import.meta.dirname, "..");

const databases = databasesIn(await readFile(join(root, "wrangler.toml"), "utf8"));

process.exitCode = await deploy(
  async (args) => {
    const child = spawn(process.execPath, [join(root, "node_modules/wrangler/bin/wrangler.js"), ...args], {
      cwd: root,
      stdio: ["inherit", "pipe", "pipe"],
    });
    let output = "";
    for (const [from, to] of [[child.stdout, process.stdout] as const, [child.stderr, process.stderr] as const])
      from.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        to.write(chunk);
      });
    const [code] = (await once(child, "close")) as [number | null];
    return { code: code ?? 1, output };
  },
  databases,
  process.argv.slice(2),
);
