import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { OPERATORS } from "../../../src/dashboard/docs/guides.tsx";

it("the guide of filters has the operators that the documentation has", () => {
  const docs = readFileSync("docs/filters.md", "utf8");
  const rows = docs.slice(docs.indexOf("## Operators")).matchAll(/^\| (`\$[^|]+) \|/gm);
  const listed = [...rows].flatMap(([, names = ""]) => names.replaceAll("`", "").split(" "));
  expect(OPERATORS.flatMap(([names]) => names.split(" "))).toEqual(listed);
});
