// What the pages on filters and transforms claim.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeUtf8, utf8 } from "../../../src/kernel/bytes.ts";
import type { EventId } from "../../../src/model/ids.ts";
import { transformSchema } from "../../../src/model/transform.ts";
import { COMPARISONS } from "../../../src/routing/filter-nodes.ts";
import {
  applyTransform,
  compileFilter,
  compileTransform,
  failedClause,
  requestViews,
} from "../../../src/routing/index.ts";

interface Sample {
  readonly headers?: Record<string, string>;
  readonly query?: string;
  readonly path?: string;
  readonly body?: unknown;
}

const read = (name: string): string => readFileSync(join(import.meta.dirname, "../../../docs", name), "utf8");
const examplesOf = <T>(page: string): T[] =>
  [...page.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => JSON.parse(match[1] ?? "") as T);

function requestOf(sample: Sample) {
  const headers = {
    ...(typeof sample.body === "string" ? {} : { "content-type": "application/json" }),
    ...sample.headers,
  };
  const bytes = utf8(typeof sample.body === "string" ? sample.body : JSON.stringify(sample.body ?? {}));
  return { headers: Object.entries(headers), query: sample.query ?? "", path: sample.path ?? "", bytes };
}

describe("docs/filters.md", () => {
  const page = read("filters.md");
  interface Example {
    readonly filter: object;
    readonly missing_matches_not?: boolean;
    readonly sample: Sample;
    readonly matched: boolean;
    readonly failed_clause?: string;
  }
  const examples = examplesOf<Example>(page);

  it("has examples and names every operator", () => {
    expect(examples.length).toBeGreaterThanOrEqual(8);
    for (const name of [...COMPARISONS, "$regex", "$or", "$and", "$not", "$ref"]) expect(page).toContain(`\`${name}\``);
  });

  it.each(examples)("holds for $filter", ({ filter, missing_matches_not, sample, matched, failed_clause }) => {
    const compiled = compileFilter(filter, missing_matches_not);
    if (!compiled.ok) throw new Error(compiled.error.detail);
    const request = requestOf(sample);
    const views = requestViews(request, request.bytes);
    expect(failedClause(compiled.value, views)).toBe(matched ? null : failed_clause);
  });
});

describe("docs/transforms.md", () => {
  interface Example {
    readonly transform: object;
    readonly sample: Sample;
    readonly request?: {
      method: string;
      path?: string;
      query?: string;
      headers?: Record<string, string>;
      body?: unknown;
    };
    readonly error?: string;
  }
  const examples = examplesOf<Example>(read("transforms.md"));

  it.each(examples)("holds for $transform", async ({ transform, sample, request, error }) => {
    const compiled = compileTransform(transformSchema.parse(transform));
    if (!compiled.ok) throw new Error(compiled.error.detail);
    const { bytes, ...head } = requestOf(sample);
    const event = {
      ...head,
      id: "evt_1" as EventId,
      source_id: null,
      received_at: Date.UTC(2026, 10, 24),
      method: "POST",
      body: { kind: "inline", bytes } as const,
      body_bytes: bytes.byteLength,
      verified: null,
    };
    const result = applyTransform(compiled.value, event, bytes, null, { now: 0, random: () => 0 });
    if (!result.ok) {
      expect(`transform_failed: ${result.error}`.startsWith(error ?? "no error")).toBe(true);
      return;
    }
    const { event: sent, method } = result.value;
    expect({
      method: method ?? sent.method,
      headers: Object.fromEntries(sent.headers),
      body: sent.body.kind === "inline" ? (JSON.parse(decodeUtf8(sent.body.bytes) ?? "") as unknown) : null,
      ...(request?.path === undefined ? {} : { path: sent.path }),
      ...(request?.query === undefined ? {} : { query: sent.query }),
    }).toEqual(request);
  });

  it("has an example of each kind of end", () => {
    expect(examples.some(({ error }) => error !== undefined)).toBe(true);
    expect(examples.filter(({ request }) => request !== undefined).length).toBeGreaterThanOrEqual(2);
  });
});
