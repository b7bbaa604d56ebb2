// What the page on filters claims.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { COMPARISONS } from "../../../src/routing/filter-nodes.ts";
import { compileFilter, failedClause, matches, viewsOf } from "../../../src/routing/index.ts";

interface Example {
  readonly filter: object;
  readonly sample: { headers?: Record<string, string>; query?: string; path?: string; body?: unknown };
  readonly matched: boolean;
  readonly failed_clause?: string;
}

const page = readFileSync(join(import.meta.dirname, "../../../docs/filters.md"), "utf8");
const examples = [...page.matchAll(/```json\n([^`]+)```/g)].map((match) => JSON.parse(match[1] ?? "") as Example);

describe("docs/filters.md", () => {
  it("has examples and names every operator", () => {
    expect(examples.length).toBeGreaterThanOrEqual(8);
    for (const name of [...COMPARISONS, "$regex", "$or", "$and", "$not", "$ref"]) expect(page).toContain(`\`${name}\``);
  });

  it.each(examples)("holds for $filter", ({ filter, sample, matched, failed_clause }) => {
    const compiled = compileFilter(filter);
    if (!compiled.ok) throw new Error(compiled.error.detail);
    const event = { headers: Object.entries(sample.headers ?? {}), query: sample.query ?? "", path: sample.path ?? "" };
    const body = typeof sample.body === "string" ? sample.body : JSON.stringify(sample.body ?? {});
    const views = viewsOf(event, utf8(body));
    expect(matches(compiled.value, views)).toBe(matched);
    if (!matched) expect(failedClause(compiled.value, views)).toBe(failed_clause);
  });
});
