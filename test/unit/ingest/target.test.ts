import { describe, expect, it } from "vitest";
import { parseTarget } from "../../../src/ingest/target.ts";

describe("an ingest URL", () => {
  it.each([
    ["/in/shop", { slug: "shop", path: "", query: "" }],
    ["/in/shop?", { slug: "shop", path: "", query: "?" }],
    ["/in/shop/", { slug: "shop", path: "/", query: "" }],
    ["/in/shop?a=/in/b?c#d", { slug: "shop", path: "", query: "?a=/in/b?c" }],
    ["/in/shop//a//", { slug: "shop", path: "//a//", query: "" }],
    ["/in/shop/a/../../b/%2e%2E/.", { slug: "shop", path: "/a/../../b/%2e%2E/.", query: "" }],
    ["/in/shop/a\\b'<\">?q='a'|\\", { slug: "shop", path: "/a\\b'<\">", query: "?q='a'|\\" }],
    ["/in/shop/%2F%2f%zz?%2F", { slug: "shop", path: "/%2F%2f%zz", query: "?%2F" }],
    ["/in/shop/é?é", { slug: "shop", path: "/é", query: "?é" }],
  ])("is read as it was sent: %s [G6]", (target, expected) => {
    for (const origin of ["https://edge.test", "http://127.0.0.1:8787", "http://[::1]:8787"]) {
      expect(parseTarget(origin + target)).toEqual(expected);
    }
  });

  it.each(["/in/", "/in", "/in//a", "/other/in/a", "/?/in/a", "/in?/a", ""])("is none: %s", (target) => {
    expect(parseTarget(`https://edge.test${target}`)).toBeNull();
  });
});
