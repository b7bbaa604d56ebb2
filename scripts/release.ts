// `npm run release -- 1.2.3`: the version in package.json, the heading in CHANGELOG.md, a commit and a tag. It pushes nothing.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const git = (...args: string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
const stop = (why: string): never => {
  console.error(why);
  process.exit(1);
};

const numbers = (version: string): number[] => version.split(".").map(Number);
const follows = (next: string, last: string): boolean => {
  const [a, b] = [numbers(next), numbers(last)];
  const differs = a.findIndex((part, index) => part !== b[index]);
  return differs >= 0 && (a[differs] ?? 0) > (b[differs] ?? 0);
};

const version = process.argv[2] ?? "";
if (!/^\d+\.\d+\.\d+$/.test(version)) stop("usage: npm run release -- 1.2.3");
if (git("status", "--porcelain") !== "") stop("There are changes that are not committed.");
const packageFile = readFileSync(join(root, "package.json"), "utf8");
const { version: last } = JSON.parse(packageFile) as { version: string };
if (!follows(version, last)) stop(`${version} does not follow ${last}.`);
const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
const [, changes = ""] = /^## Unreleased\n([^]*?)(?=^## |(?![^]))/m.exec(changelog) ?? [];
if (changes.trim() === "") stop("CHANGELOG.md has nothing under Unreleased.");

const date = new Date().toISOString().slice(0, "yyyy-mm-dd".length);
writeFileSync(
  join(root, "CHANGELOG.md"),
  changelog.replace("## Unreleased\n", `## Unreleased\n\n## ${version} (${date})\n`),
);
for (const name of ["package.json", "package-lock.json"]) {
  const text = readFileSync(join(root, name), "utf8");
  const times = name === "package.json" ? 1 : 2;
  // The lock file names it twice: its own head, and the root package.
  let count = 0;
  const changed = text.replaceAll(`"version": "${last}"`, (found) =>
    count++ < times ? `"version": "${version}"` : found,
  );
  writeFileSync(join(root, name), changed);
}
git("commit", "-q", "-a", "-m", `Release ${version}`);
git("tag", "-a", `v${version}`, "-m", `Release ${version}`);
console.log(`Tagged v${version}. Publish it with: git push --follow-tags
Then keep its Worker for the tests of upgrades: npm run last-release -- v${version}`);
