// After `npm install`: puts the Node among the packages where npm scripts look first, since npm 10 takes its link away with the packages of
// the other platforms; and removes its C++ headers, 67 MB that only native add-ons need. Written for the Node that npm runs with.
import { existsSync, linkSync, readFileSync, rmSync } from "node:fs";

const modules = new URL("../node_modules/", import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, modules), "utf8"));

for (const name of Object.keys(read("../package.json").optionalDependencies)) {
  if (!existsSync(new URL(name, modules))) continue;
  const { bin } = read(`${name}/package.json`);
  const target = new URL(`.bin/${bin.node.split("/").pop()}`, modules);
  rmSync(target, { force: true });
  linkSync(new URL(`${name}/${bin.node}`, modules), target);
  rmSync(new URL(`${name}/include`, modules), { recursive: true, force: true });
}
