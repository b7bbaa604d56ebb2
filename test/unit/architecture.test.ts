// Who may import whom. A room that is missing here may not exist.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../../src/api/problem-codes.ts";

const root = join(import.meta.dirname, "../..");
const src = join(root, "src");

/** Besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  kernel: [],
  config: ["kernel"],
  model: ["kernel", "config"],
  telemetry: ["config", "kernel"],
  signing: ["kernel", "model", "config"],
  gate: ["kernel", "model", "config"],
  routing: ["kernel", "model", "config"],
  stats: ["kernel", "model", "config"],
  dedupe: ["kernel", "model", "config"],
  // Of the gate only the pure pace: a source's limit is the same arithmetic.
  ingest: ["kernel", "model", "config", "dedupe", "gate"],
  delivery: ["kernel", "model", "config", "gate", "routing", "signing", "stats", "telemetry"],
  oauth: ["kernel", "model", "config", "delivery", "signing"],
  store: ["kernel", "model", "config", "delivery", "stats"],
  alerts: ["kernel", "model", "config", "delivery", "signing", "telemetry"],
  maintenance: ["kernel", "model", "config", "delivery", "telemetry"],
  api: ["kernel", "model", "config", "delivery", "gate", "routing", "signing", "stats", "store", "telemetry"],
  live: ["kernel", "config", "store"],
  // Of the API only the shapes of its answers: types.
  dashboard: ["kernel", "model", "config", "signing", "stats", "telemetry", "api"],
};

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
const roomOf = (file: string): string | null => (file.includes("/") ? (file.split("/")[0] ?? null) : null);

describe("the rooms", () => {
  it.each(files.filter((file) => roomOf(file) !== null))("%s imports only what its room may", (file) => {
    const room = roomOf(file) ?? "";
    expect(Object.keys(MAY_IMPORT)).toContain(room);
    const text = readFileSync(join(src, file), "utf8");
    const targets = [...text.matchAll(/from "(\.[^"]+)"/g)].map((match) =>
      relative(src, join(src, dirname(file), match[1] ?? "")),
    );
    for (const target of targets) expect([room, ...(MAY_IMPORT[room] ?? [])]).toContain(roomOf(target));
    if (room === "dashboard") expect(text).not.toMatch(/^import \{[^}]*\} from "(\.\.\/)+(api|stats)\//m);
    if (room !== "store") expect(text).not.toMatch(/from "drizzle-orm/);
  });

  it("read clock and chance in the kernel and at the edges only", () => {
    const readers = files.filter((file) =>
      /\bDate\.now\(|Math\.random\(|crypto\.randomUUID\(/.test(readFileSync(join(src, file), "utf8")),
    );
    expect(readers.sort()).toEqual(["kernel/clock.ts", "kernel/random.ts"]);
  });
});

describe("the documents", () => {
  const read = (name: string): string => readFileSync(join(root, "docs", name), "utf8");

  it("explain every problem code in the words of the API, and no other", () => {
    const explained = [...read("errors.md").matchAll(/^## `([a-z_]+)` \((\d+)\)$([^#]+)/gm)].map(
      ([, code, status, meaning]) => [code, Number(status), meaning?.trim().replaceAll(/\s+/g, " ")],
    );
    expect(explained).toEqual(Object.entries(PROBLEMS).map(([code, [status, , meaning]]) => [code, status, meaning]));
  });

  it("name only promises that a test bears", () => {
    const tests = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".test.ts"),
    );
    const titles = tests.map((name) => readFileSync(join(root, "test", name), "utf8")).join("\n");
    const promised = [...read("guarantees.md").matchAll(/^\| (G\d+) \|/gm)].map((match) => match[1] ?? "");
    expect(promised).toEqual(["G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9", "G10", "G11", "G12"]);
    for (const id of promised) expect(titles).toContain(`[${id}]`);
  });
});
