import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../cli/commands/index.ts";
import { sluice } from "./harness.ts";

const words = async (...typed: string[]): Promise<string[]> => {
  const { code, out, requests } = await sluice(["__complete", ...typed], { env: {} });
  expect([code, requests]).toEqual([0, []]);
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t")[0] ?? "");
};

describe("completion", () => {
  it("offers commands, verbs, options and their values, wherever options stand", async () => {
    expect(await words("")).toEqual([...Object.keys(COMMANDS), "help"]);
    expect(await words("help", "rep")).toEqual(["replay"]);
    expect(await words("ev")).toEqual(["events"]);
    expect(await words("--json", "--url", "https://x.test", "deliv")).toEqual(["deliveries"]);
    expect(await words("events", "")).toEqual(["list", "get"]);
    expect(await words("events", "--fo")).toEqual(["--follow"]);
    expect(await words("events", "get", "--fo")).toEqual([]);
    expect(await words("deliveries", "--status", "de")).toEqual(["deferred", "delivered", "dead"]);
    expect(await words("deliveries", "--status", "=", "dea")).toEqual(["dead"]);
    expect(await words("sources", "create", "--verify", "sh")).toEqual(["shopify"]);
    expect(await words("completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(await words("apply", "")).toEqual([]);
    expect(await words("nonsense", "")).toEqual([]);
  });

  it("prints a script for each shell; that of Bash offers what the program says", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, out } = await sluice(`completion ${shell}`, { env: {} });
      expect([code, out]).toEqual([0, expect.stringContaining("__complete")]);
      expect(out).not.toContain("\\${");
    }
    const { out } = await sluice("completion bash", { env: {} });
    const asked = `sluice() { printf '%s\\t.\\n' "$@"; }
      COMP_WORDS=(sluice events --st) COMP_CWORD=2; _sluice sluice; printf '%s,' "\${COMPREPLY[@]}"`;
    expect(execFileSync("bash", ["-c", out + asked], { encoding: "utf8" })).toBe("__complete,events,--st,");
  });
});
