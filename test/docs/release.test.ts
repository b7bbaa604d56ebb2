// Releasing, packing the command line, and deploying from GitHub Actions, each in a clean clone.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { startStandIn } from "../stand-in/server.ts";
import { ACCOUNT } from "../stand-in/state.ts";
import { makeClone } from "./clone.ts";

const [clone, standIn] = [makeClone(), await startStandIn()];
afterAll(() => Promise.all([clone.remove(), standIn.close()]));
const read = (name: string): string => readFileSync(join(clone.folder, name), "utf8");
const WHO = { GIT_AUTHOR_NAME: "t", GIT_AUTHOR_EMAIL: "t@x", GIT_COMMITTER_NAME: "t", GIT_COMMITTER_EMAIL: "t@x" };

describe("npm run release", () => {
  it("moves the version and the changelog, commits and tags; nothing else differs", async () => {
    const { code, output } = await clone.run("npm run release -- 7.0.0", WHO);
    expect([code, output]).toEqual([0, expect.stringContaining("Tagged v7.0.0")]);
    const git = (...args: string[]) => execFileSync("git", args, { cwd: clone.folder, encoding: "utf8" });
    expect(git("tag", "--points-at", "HEAD")).toBe("v7.0.0\n");
    expect(git("diff", "--stat", "HEAD~1").split("\n").length).toBe(5);
    const versions = (name: string) => [...read(name).matchAll(/"version": "7\.0\.0"/g)].length;
    expect([versions("package.json"), versions("package-lock.json")]).toEqual([1, 2]);
    expect(read("CHANGELOG.md")).toMatch(/^# Changelog\n\n## Unreleased\n\n## 7\.0\.0 \(\d{4}-\d\d-\d\d\)\n\n### /);
  });

  it.each([
    ["1.0", "usage"],
    ["6.9.9", "6.9.9 does not follow 7.0.0"],
    ["7.0.1", "nothing under Unreleased"],
  ])("refuses %s: %s", async (version, words) => {
    const { code, output } = await clone.run(`npm run release -- ${version}`, WHO);
    expect([code, output]).toEqual([1, expect.stringContaining(words)]);
  });
});

/** What an assistant sends first. */
const INITIALIZE = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } },
});

describe("npm run pack-cli", () => {
  it("makes a package under a scope that does what the command line does, without this checkout", async () => {
    expect((await clone.run("npm run pack-cli -- acme")).code).toBe(1);
    expect((await clone.run("npm run pack-cli -- @acme")).code).toBe(0);
    const manifest = JSON.parse(read("dist/cli/package.json")) as Record<string, unknown>;
    expect(manifest).toMatchObject({
      name: "@acme/sluice",
      version: (JSON.parse(read("package.json")) as { version: string }).version,
      bin: { sluice: "cli/main.js" },
    });
    expect(Object.keys(manifest["dependencies"] as object).sort()).toEqual([
      "@modelcontextprotocol/server",
      "ws",
      "zod",
    ]);
    const { code, output } = await clone.run(`
      mkdir -p ../elsewhere/node_modules && cp -r dist/cli/. ../elsewhere
      cp -r node_modules/ws node_modules/zod node_modules/@modelcontextprotocol ../elsewhere/node_modules
      diff <(npx sluice help) <(node ../elsewhere/cli/main.js help)
      node ../elsewhere/cli/main.js status --url http://localhost:1 --token x || [ $? -eq 1 ]
      (echo '${INITIALIZE}'; sleep 3) | node ../elsewhere/cli/main.js mcp --url http://localhost:1 --token x`);
    expect([code, output]).toEqual([0, expect.stringMatching(/localhost:1[^]*"serverInfo":\{"name":"sluice"/)]);
  });
});

describe("examples/github-actions/deploy.yml", () => {
  it("deploys staging, then production, with the secrets that it is given", async () => {
    const workflow = read("examples/github-actions/deploy.yml");
    const commands = [...workflow.matchAll(/^ +- run: (.+)$/gm)].map(([, command]) => command);
    const secrets = {
      SLUICE_ADMIN_TOKEN: "a-token-of-a-password-manager",
      SLUICE_MASTER_KEY: Buffer.alloc(32, 5).toString("base64"),
    };
    for (const name of Object.keys(secrets)) expect(workflow).toContain(`${name}: \${{ secrets.${name} }}`);
    const { code, output } = await clone.run(
      // What a Worker does is not what is tried here.
      commands
        .map((command) => (command?.includes("--") ? `${command} --no-check` : `${command}`))
        .join("\n")
        .replace(/deploy$/, "deploy -- --no-check"),
      {
        ...secrets,
        CI: "true",
        CLOUDFLARE_API_BASE_URL: standIn.base,
        CLOUDFLARE_API_TOKEN: "x",
        CLOUDFLARE_ACCOUNT_ID: ACCOUNT,
      },
    );
    expect([code, output]).toEqual([0, expect.not.stringContaining(secrets.SLUICE_MASTER_KEY)]);
    expect(Object.entries(standIn.state.scripts).map(([name, script]) => [name, script.secrets])).toEqual([
      ["sluice-staging", secrets],
      ["sluice", secrets],
    ]);
  });
});
