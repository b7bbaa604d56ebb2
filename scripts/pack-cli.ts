// `npm run pack-cli -- @you`: the command line as a package of its own in dist/cli, plain JavaScript, ready for `npm publish`. The
// name `sluice` on the public registry belongs to someone else, so it needs a scope.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, relative } from "node:path";

const root = join(import.meta.dirname, "..");
const target = join(root, "dist/cli");
const [scope = ""] = process.argv.slice(2);
if (!/^@[a-z0-9][a-z0-9._-]*$/.test(scope)) {
  console.error("usage: npm run pack-cli -- @your-scope");
  process.exit(1);
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly version: string;
  readonly license: string;
  readonly engines: object;
}
const { version, license, engines, dependencies } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
) as Manifest;

rmSync(target, { recursive: true, force: true });
const done = new Set<string>();
const needed: Record<string, string> = {};
const pending = ["cli/main.ts"];
for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
  if (done.has(file)) continue;
  done.add(file);
  const script = stripTypeScriptTypes(readFileSync(join(root, file), "utf8"));
  for (const [, path = ""] of script.matchAll(/(?:from |import\()"(\.[^"]+\.ts)"/g))
    pending.push(relative(root, join(root, dirname(file), path)));
  for (const [, path = ""] of script.matchAll(/^(?:import|export) [^"]*from "([^."][^":]*)"/gm)) {
    const name = path.split("/", path.startsWith("@") ? 2 : 1).join("/");
    if (dependencies[name] !== undefined) needed[name] = dependencies[name];
  }
  const out = join(target, file.replace(/\.ts$/, ".js"));
  mkdirSync(dirname(out), { recursive: true });
  const head = file === "cli/main.ts" ? "#!/usr/bin/env node\n" : "";
  writeFileSync(out, head + script.replaceAll(/((?:from |import\()"\.[^"]+)\.ts"/g, '$1.js"'));
}
const manifest = {
  ...{ name: `${scope}/sluice`, version, license, engines },
  description: "The command line of Sluice, a webhook buffer on Cloudflare Workers",
  type: "module",
  bin: { sluice: "cli/main.js" },
  dependencies: needed,
};
writeFileSync(join(target, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
writeFileSync(join(target, "README.md"), readFileSync(join(root, "docs/cli.md"), "utf8"));
writeFileSync(join(target, "LICENSE"), readFileSync(join(root, "LICENSE"), "utf8"));
console.log(`${scope}/sluice ${version} is in dist/cli. Publish it with: npm publish dist/cli --access public`);
