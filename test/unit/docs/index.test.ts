// The index of the documents has every page, and every page begins with what it is for.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const docs = join(import.meta.dirname, "../../../docs");
const pages = readdirSync(docs).filter((name) => name.endsWith(".md"));
const read = (page: string): string => readFileSync(join(docs, page), "utf8");

it("docs/README.md has every page, once", () => {
  const linked = [...read("README.md").matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, page = ""]) => page);
  expect(linked.toSorted()).toEqual(pages.filter((page) => page !== "README.md").toSorted());
});

it.each(pages)("docs/%s begins with a sentence about what it is for", (page) => {
  expect(read(page)).toMatch(/^# .+\n\n[A-Z`][^\n|]{40,}/);
});
