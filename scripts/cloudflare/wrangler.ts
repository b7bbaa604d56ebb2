// Wrangler, run without a terminal, so that it asks nothing.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** @returns the exit code, and everything that it printed */
export type Wrangler = (args: readonly string[]) => Promise<{ readonly code: number; readonly output: string }>;

/** @param root the checkout */
export const wranglerIn =
  (root: string, env: NodeJS.ProcessEnv): Wrangler =>
  async (args) => {
    const child = spawn(process.execPath, [join(root, "node_modules/wrangler/bin/wrangler.js"), ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      // Without the banner it does not look for a newer version either.
      env: { ...env, CI: "true", FORCE_COLOR: "0", WRANGLER_HIDE_BANNER: "true" },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code: code ?? 1, output: stripVTControlCharacters(output) };
  };
