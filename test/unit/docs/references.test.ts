// What the documents point at exists: source files, and other pages with their anchors.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  "bench/README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const read = (page: string): string => readFileSync(join(root, page), "utf8");
const withoutExamples = (text: string): string => text.replaceAll(/^```[\s\S]*?^```$/gm, "");

/** GitHub's anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
const anchorsOf = (page: string): string[] =>
  [...withoutExamples(read(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading ?? ""));

const PATH = /`((?:src|test|bench|scripts|cli|public|migrations)\/[\w./-]+)`/g;
const LINK = /\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g;

describe.each(pages)("%s", (page) => {
  const text = withoutExamples(read(page));

  it("names only files that exist", () => {
    const missing = [...text.matchAll(PATH)].flatMap(([, path]) =>
      path !== undefined && existsSync(join(root, path)) ? [] : [path],
    );
    expect(missing).toEqual([]);
  });

  it("links only to pages and headings that exist", () => {
    const broken = [...text.matchAll(LINK)].flatMap(([, path = "", anchor]) => {
      const target = path === "" ? page : relative(root, join(root, dirname(page), path));
      if (!existsSync(join(root, target))) return [target];
      return anchor === undefined || anchorsOf(target).includes(anchor) ? [] : [`${target}#${anchor}`];
    });
    expect(broken).toEqual([]);
  });
});

describe("docs/architecture.md", () => {
  it("lists the rooms that src has", () => {
    const listed = [...read("docs/architecture.md").matchAll(/^ {2}(\w+)\/\s/gm)].map(([, room]) => room);
    const rooms = readdirSync(join(root, "src")).filter((name) => !name.includes("."));
    expect(new Set(listed)).toEqual(new Set(rooms));
  });
});
