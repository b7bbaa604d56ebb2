// docs/operations.md, run as it stands against a stand-in of Cloudflare: each command in a clean clone, with the requests that it makes.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { keyIdOf } from "../stand-in/edge.ts";
import { startStandIn } from "../stand-in/server.ts";
import { ACCOUNT } from "../stand-in/state.ts";
import { blocksOf, blocksUnder } from "./blocks.ts";
import { makeClone } from "./clone.ts";

const PAGE = "docs/operations.md";
const [standIn, clone] = [await startStandIn(), makeClone()];
afterAll(() => Promise.all([standIn.close(), clone.remove()]));

// A small Worker: bundling the whole one takes longer than everything else here.
const toml = join(clone.folder, "wrangler.toml");
writeFileSync(toml, readFileSync(toml, "utf8").replace('main = "src/index.ts"', 'main = "test/stand-in/worker.js"'));

const ENV = {
  CLOUDFLARE_API_BASE_URL: standIn.base,
  CLOUDFLARE_API_TOKEN: "stand-in",
  CLOUDFLARE_ACCOUNT_ID: ACCOUNT,
  NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "../stand-in/reach-edge.ts")).href}`,
};
const executed = new Set<string>();

/** Runs the blocks under a heading, the nth only if it is given. @returns the changes that they asked for, and what they printed */
async function follow(heading: string, nth?: number, env: Readonly<Record<string, string>> = {}) {
  const blocks = blocksUnder(PAGE, heading).filter((_block, index) => nth === undefined || index === nth);
  expect(blocks.length, `${heading} has no commands`).toBeGreaterThan(0);
  for (const { line } of blocks) executed.add(String(line));
  const from = standIn.requests.length;
  const { code, output } = await clone.run(blocks.map(({ text }) => text).join("\n"), { ...ENV, ...env });
  const changes = standIn.requests
    .slice(from)
    .filter(({ method, path }) => method !== "GET" && !path.endsWith("/query"))
    .map(
      ({ method, path }) =>
        `${method} ${path.replace(`/accounts/${ACCOUNT}`, "").replaceAll(/[0-9a-f-]{32,36}/g, "ID")}`,
    );
  return { code, output, changes };
}

const script = () => standIn.state.scripts["sluice"];
const boundDatabase = (): string =>
  String(
    script()
      ?.versions.at(-1)
      ?.bindings.find(({ name }) => name === "DB")?.["id"],
  );
const boundNamespace = (): string =>
  String(
    script()
      ?.versions.at(-1)
      ?.bindings.find(({ name }) => name === "ROUTES")?.["namespace_id"],
  );
const query = (sql: string) => standIn.state.d1[boundDatabase()]?.db.query(sql)[0]?.results;
const insert = (slug: string) =>
  query(`INSERT INTO sources (id, slug, spec, created_at, updated_at) VALUES ('${slug}', '${slug}', '{}', 0, 0)`);
const sources = () => query("SELECT slug FROM sources ORDER BY slug");

describe("the commands, one after the other", () => {
  it("update: migrations, then the Worker; and a first deployment is the same command", async () => {
    const { code, output } = await follow("Updates");
    expect([code, output]).toEqual([0, expect.stringContaining("a test webhook was delivered")]);
    const { changes } = await follow("Updates");
    expect(changes.filter((change) => !change.startsWith("PUT /queues"))).toEqual([
      "POST /workers/scripts/sluice/assets-upload-session",
      "POST /workers/scripts/sluice/versions",
      "POST /workers/scripts/sluice/deployments",
      "PATCH /workers/scripts/sluice/script-settings",
      "POST /workers/scripts/sluice/subdomain",
      "PUT /workers/scripts/sluice/schedules",
    ]);
  });

  it("roll back to the version before", async () => {
    const [before] = script()?.versions ?? [];
    const { code, changes } = await follow("Rolling back");
    expect([code, changes[0]]).toEqual([0, "POST /workers/scripts/sluice/deployments"]);
    expect(script()?.deployments[0]?.versions).toEqual([{ version_id: before?.id, percentage: 100 }]);
  });

  it("back up, and restore into a new database that later deployments keep", async () => {
    insert("saved");
    const backup = await follow("Backing up");
    expect([backup.code, backup.output]).toEqual([0, expect.anything()]);
    insert("later");
    const [old, published] = [boundDatabase(), boundNamespace()];
    const restored = await follow("Restoring", 0);
    expect([restored.code, restored.output]).toEqual([0, expect.stringContaining("the old one, sluice, is kept")]);
    expect(boundDatabase()).not.toBe(old);
    expect(sources()).toEqual([{ slug: "saved" }]);
    expect([Object.keys(standIn.state.kv), boundNamespace() === published]).toEqual([[boundNamespace()], false]);
    const now = boundDatabase();
    expect((await follow("Updates")).code).toBe(0);
    expect(boundDatabase()).toBe(now);
  });

  it("a file that cannot be imported changes nothing", async () => {
    writeFileSync(join(clone.folder, "broken.sql"), "INSERT INTO nowhere VALUES (1);");
    const [databases, bound] = [Object.keys(standIn.state.d1), boundDatabase()];
    const { code, output } = await clone.run("npm run restore -- broken.sql", ENV);
    expect([code, output]).toEqual([
      1,
      expect.stringContaining("broken.sql could not be imported. Nothing has changed."),
    ]);
    expect([Object.keys(standIn.state.d1), boundDatabase()]).toEqual([databases, bound]);
  });

  it("go back in time in place, with an empty namespace for routes, and back again", async () => {
    const { db } = standIn.state.d1[boundDatabase()] ?? {};
    db?.bookmark();
    insert("mistake");
    const published = boundNamespace();
    const { code, output, changes } = await follow("Restoring", 1);
    expect([code, output]).toEqual([0, expect.stringContaining("to undo it, restore --to")]);
    expect([changes.slice(0, 2), changes.at(-1)]).toEqual([
      ["POST /storage/kv/namespaces", "POST /d1/database/ID/time_travel/restore"],
      "DELETE /storage/kv/namespaces/ID",
    ]);
    expect([Object.keys(standIn.state.kv), boundNamespace() === published]).toEqual([[boundNamespace()], false]);
    expect(sources()).not.toContainEqual({ slug: "mistake" });
    const bookmark = /undo it, restore --to (\S+)/.exec(output)?.[1];
    expect((await clone.run(`npm run restore -- --to ${bookmark} --no-check`, ENV)).code).toBe(0);
    expect(sources()).toContainEqual({ slug: "mistake" });
  });

  it("rotate the master key: first for reading, then for writing, and the old one goes when nothing needs it", async () => {
    const secrets = script()?.secrets ?? {};
    const first = secrets["SLUICE_MASTER_KEY"] ?? "";
    const from = standIn.requests.length;
    const { code, output, changes } = await follow("Rotating the master key", 0);
    expect([code, output]).toEqual([0, expect.stringContaining("the new key encrypts; the old one still decrypts")]);
    expect(changes).toEqual(Array(2).fill("PATCH /workers/scripts/sluice/secrets-bulk"));
    const next = script()?.secrets["SLUICE_MASTER_KEY"] ?? "";
    expect(next).not.toBe(first);
    const sent = standIn.requests
      .slice(from)
      .filter(({ path }) => path.endsWith("/secrets-bulk"))
      .map(({ body }) => (body as { secrets: Record<string, { text: string }> }).secrets)
      .map((given) => ["SLUICE_MASTER_KEY", "SLUICE_MASTER_KEYS_OLD"].map((name) => given[name]?.text));
    expect(sent).toEqual([
      [first, next],
      [next, first],
    ]);
    standIn.edge.sealed = [
      { key_id: keyIdOf(first), secrets: 1 },
      { key_id: keyIdOf(next), secrets: 2 },
    ];
    const early = await follow("Rotating the master key", 1);
    expect([early.code, early.output]).toEqual([
      1,
      expect.stringContaining("Secrets are still encrypted with an old key"),
    ]);
    standIn.edge.sealed = null;
    expect((await follow("Rotating the master key", 1)).code).toBe(0);
    expect(script()?.secrets).toEqual({ ...secrets, SLUICE_MASTER_KEY: next });
  });

  it("do not rotate with another key than the present one", async () => {
    const before = { ...script()?.secrets };
    const SLUICE_MASTER_KEY = Buffer.alloc(32, 1).toString("base64");
    const { code, output } = await follow("Rotating the master key", 0, { SLUICE_MASTER_KEY });
    expect([code, output]).toEqual([1, expect.stringContaining("The Worker uses another master key")]);
    expect(script()?.secrets).toEqual(before);
  });

  it("record what was set aside", async () => {
    const bucket = standIn.state.r2["sluice-bodies"];
    bucket?.set("unreadable/01", "a record");
    const { code, output } = await follow("Records that were set aside", undefined, { NAME: "01" });
    expect([code, output]).toEqual([0, expect.anything()]);
    expect([...(bucket ?? [])]).toEqual([["pending/01", "a record"]]);
  });

  it("remove everything, the Worker before what it is bound to, and only with consent", async () => {
    const denied = await follow("Removing Sluice", 0);
    expect([denied.code, denied.output, denied.changes]).toEqual([1, expect.stringContaining("say --yes sluice"), []]);
    const full = await follow("Removing Sluice", 1);
    expect([full.code, full.output]).toEqual([
      1,
      expect.stringContaining("The bucket sluice-bodies still has objects"),
    ]);
    const order = ["/consumers/", "/workers/services/sluice", "DELETE /queues/ID$", "/d1/", "/storage/kv/", "/r2/"];
    const first = order.map((part) => full.changes.findIndex((change) => new RegExp(part).test(change)));
    expect(first).toEqual(first.toSorted((a, b) => a - b));
    standIn.state.r2["sluice-bodies"]?.clear();
    expect((await follow("Removing Sluice", 1)).code).toBe(0);
    const { scripts, d1, kv, r2, queues } = standIn.state;
    expect([scripts, d1, kv, r2, queues]).toEqual([{}, {}, {}, {}, {}]);
  });

  it("are all that the page has", () => {
    expect([...executed].sort()).toEqual(
      blocksOf(PAGE)
        .map(({ line }) => String(line))
        .sort(),
    );
  });
});
