// `npm run last-release -- REF`: builds the Worker of a release and keeps it as the fixture that upgrades are tested against. To be run
// with the tag of each release, in the commit after it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

const [ref] = process.argv.slice(2);
if (ref === undefined) throw new Error("usage: npm run last-release -- REF");

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "sluice-release-"));
const tree = join(folder, "tree");
const git = (...args: string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();

git("worktree", "add", "--detach", tree, ref);
try {
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
  const args = [wrangler, "deploy", "--dry-run", "--minify", "--outdir", join(folder, "out")];
  execFileSync(process.execPath, args, { cwd: tree, stdio: "inherit" });
  const migrations = readdirSync(join(tree, "migrations")).filter((name) => name.endsWith(".sql"));
  const fixtures = join(root, "test/fixtures");
  writeFileSync(join(fixtures, "last-release.js.br"), brotliCompressSync(readFileSync(join(folder, "out/index.js"))));
  const facts = { commit: git("rev-parse", "--short", ref), last_migration: migrations.sort().at(-1) };
  writeFileSync(join(fixtures, "last-release.json"), `${JSON.stringify(facts, null, 2)}\n`);
} finally {
  git("worktree", "remove", "--force", tree);
  rmSync(folder, { recursive: true, force: true });
}
