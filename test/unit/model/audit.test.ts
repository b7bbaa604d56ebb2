import { describe, expect, it } from "vitest";
import { changedFields } from "../../../src/model/audit.ts";

describe("the fields that a change touches", () => {
  it.each([
    [{ a: 1 }, { a: 1 }, []],
    [{ a: 1 }, { a: 2 }, ["/a"]],
    [{ a: 1 }, {}, ["/a"]],
    [{}, { a: null }, ["/a"]],
    [{ retry: { on: ["5xx"], max: 1 } }, { retry: { on: ["4xx"], max: 1 } }, ["/retry/on"]],
    [{ headers: {} }, { headers: { "x/y~z": "1" } }, ["/headers/x~1y~0z"]],
    [
      { auth: { type: "none" } },
      { auth: { type: "bearer", token: { sealed: "v1.k.1" } } },
      ["/auth/type", "/auth/token"],
    ],
    [{ auth: { token: { sealed: "v1.k.1" } } }, { auth: { token: { sealed: "v1.k.2" } } }, ["/auth/token"]],
    [{ auth: { token: { sealed: "v1.k.1" } } }, { auth: { token: { secret: "NAME" } } }, ["/auth/token"]],
    [{ circuit: null }, { circuit: { open_seconds: 1 } }, ["/circuit"]],
    ["text", { a: 1 }, ["/"]],
  ])("are named, never shown: %j to %j", (before, after, changed) => {
    expect(changedFields(before, after)).toEqual(changed);
  });

  it("are named up to a limit", () => {
    const headers = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x-${index}`, "1"]));
    expect(changedFields({ headers: {} }, { headers })).toHaveLength(100);
  });
});
