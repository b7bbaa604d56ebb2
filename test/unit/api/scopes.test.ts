import { describe, expect, it } from "vitest";
import { OPERATIONS } from "../../../src/api/openapi/index.ts";
import { scopeOf } from "../../../src/api/scopes.ts";
import { covers, SCOPES } from "../../../src/model/token.ts";

const pathsOf = (scope: string): string[] =>
  Object.keys(OPERATIONS).filter((operation) => {
    const [method = "", path = ""] = operation.split(" ");
    return scopeOf(method, path.replaceAll(/\{\w+\}/g, "some-id")) === scope;
  });

describe("the scope of an operation", () => {
  it("is admin for tokens, the audit log, answered secrets and their rotation", () => {
    expect(pathsOf("admin").sort()).toEqual([
      "DELETE /tokens/{id}",
      "GET /audit",
      "GET /callbacks/secret",
      "GET /tokens",
      "GET /tokens/{id}",
      "POST /destinations/{id}/rotate-secret",
      "POST /sources/{id}/learned-secret",
      "POST /tokens",
    ]);
  });

  it("is read for GET and write for the rest, including tests of filters and transforms [G10]", () => {
    expect(pathsOf("read").every((operation) => operation.startsWith("GET "))).toBe(true);
    expect(pathsOf("write")).toEqual(expect.arrayContaining(["POST /filters/test", "POST /transforms/test"]));
    const reading = pathsOf("write").filter((operation) => !/^(POST|PUT|PATCH|DELETE) /.test(operation));
    // Whoever listens also answers.
    expect(reading).toEqual(["GET /destinations/{id}/listen"]);
  });

  it.each([
    ["HEAD", "/sources", "read"],
    ["HEAD", "/tokens", "admin"],
    ["GET", "/tokens/self/", "admin"],
    ["GET", "/tokens/", "admin"],
    ["POST", "/tokens/self", "admin"],
    ["GET", "/metrics", "read"],
    ["PUT", "/config", "write"],
    ["PURGE", "/sources", "write"],
    ["POST", "/alerts/a/rotate-secret", "admin"],
  ])("%s %s takes %s", (method, path, scope) => {
    expect(scopeOf(method, path)).toBe(scope);
  });

  it("is covered by itself and by higher scopes", () => {
    const table = SCOPES.map((held) => SCOPES.filter((needed) => covers(held, needed)));
    expect(table).toEqual([["read"], ["read", "write"], ["read", "write", "admin"]]);
  });
});
