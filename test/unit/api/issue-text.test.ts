import { describe, expect, it } from "vitest";
import * as z from "zod";
import { Problem } from "../../../src/model/problem.ts";
import { parse } from "../../../src/model/parse.ts";

const schema = z.strictObject({
  name: z.string().min(1).max(3).optional(),
  code: z.string().min(3).optional(),
  slug: z.string().min(3, "is no slug").optional(),
  kind: z.enum(["queue", "topic"]).optional(),
  only: z.literal("v1").optional(),
  limit: z.int().min(1).max(10).optional(),
  share: z.number().gt(0).lt(1).optional(),
  on: z.boolean().optional(),
  tags: z.array(z.string()).min(1).max(2).optional(),
  map: z.record(z.string(), z.string()).optional(),
  headers: z.record(z.string().regex(/^[a-z-]+$/, "is no token"), z.string()).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  needs: z.object({ url: z.string() }).optional(),
  auth: z
    .discriminatedUnion("type", [z.object({ type: z.literal("a") }), z.object({ type: z.literal("b") })])
    .optional(),
});

function detailOf(field: keyof z.input<typeof schema>, value: unknown, at: string = field): string | undefined {
  try {
    parse(schema, { [field]: value });
  } catch (error) {
    if (error instanceof Problem) return error.errors.find(({ pointer }) => pointer === `/${at}`)?.detail;
  }
  return undefined;
}

describe("the problem of an invalid field says what the field must be", () => {
  it.each([
    ["name", "", "must not be empty"],
    ["name", "abcd", "must have at most 3 characters"],
    ["name", 3, "must be a string"],
    ["name", null, "must be a string"],
    ["code", "ab", "must have at least 3 characters"],
    ["kind", "stack", "must be one of queue, topic"],
    ["only", "v2", "must be v1"],
    ["limit", 0, "must be at least 1"],
    ["limit", 11, "must be at most 10"],
    ["limit", 1.5, "must be a whole number"],
    ["limit", "1", "must be a number"],
    ["share", 0, "must be more than 0"],
    ["share", 1, "must be less than 1"],
    ["on", "yes", "must be true or false"],
    ["tags", [], "must have at least 1 entries"],
    ["tags", "a", "must be an array"],
    ["map", [], "must be an object"],
    ["from", "yesterday", "must be a date and time such as 2026-11-24T12:00:00Z"],
  ] as const)("%s %j %s", (field, value, detail) => {
    expect(detailOf(field, value)).toBe(detail);
  });

  it("names a bad key of a map, and says why it is bad", () => {
    expect(detailOf("headers", { "x-a": "1", "bad name": "2" }, "headers/bad name")).toBe(
      'has the name "bad name", which is no token',
    );
  });

  it("names the types of a union, and missing fields", () => {
    expect(detailOf("auth", { type: "c" }, "auth/type")).toBe("must be one of a, b");
    expect(detailOf("auth", {}, "auth/type")).toBe("must be one of a, b");
    expect(detailOf("needs", {}, "needs/url")).toBe("is missing");
  });

  it("keeps a schema's own message", () => {
    expect(detailOf("slug", "a")).toBe("is no slug");
  });
});
