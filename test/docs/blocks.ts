// The shell blocks of the documents: what a reader copies.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

export interface Block {
  readonly page: string;
  readonly line: number;
  /** The heading that it stands under. */
  readonly heading: string;
  readonly text: string;
}

export const PAGES = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "bench/README.md"],
  ...["docs", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  ),
];

export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let heading = "";
  let open: { line: number; lines: string[] } | null = null;
  for (const [index, text] of readFileSync(join(root, page), "utf8").split("\n").entries()) {
    if (open !== null && /^\s*```$/.test(text)) {
      blocks.push({ page, line: open.line, heading, text: open.lines.join("\n") });
      open = null;
    } else if (open !== null) open.lines.push(text);
    else if (/^\s*```(?:sh|bash|shell|console)$/.test(text)) open = { line: index + 1, lines: [] };
    else heading = /^#+ (.+)$/.exec(text)?.[1] ?? heading;
  }
  return blocks;
}

export const blocksUnder = (page: string, heading: string): Block[] =>
  blocksOf(page).filter((block) => block.heading === heading);
