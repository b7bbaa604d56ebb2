import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

interface LockFile {
  readonly packages: Readonly<Record<string, { version?: string; integrity?: string; resolved?: string }>>;
}

describe.each(["package-lock.json", "sdks/package-lock.json"])("%s", (name) => {
  const { packages } = JSON.parse(readFileSync(join(import.meta.dirname, "../..", name), "utf8")) as LockFile;
  const installed = Object.entries(packages).filter(([path]) => path !== "");

  it("has an integrity for every package, those of other platforms included", () => {
    expect(installed.length).toBeGreaterThan(100);
    expect(installed.filter(([, entry]) => !entry.integrity?.startsWith("sha512-")).map(([path]) => path)).toEqual([]);
  });

  it("names no host that packages come from", () => {
    expect(installed.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([]);
  });
});
