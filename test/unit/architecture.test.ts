// Who may import whom. A room that is missing here may not exist.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../../src/model/problem-codes.ts";

const root = join(import.meta.dirname, "../..");
const src = join(root, "src");

const PURE = ["kernel", "model", "config"];

/** Which rooms a room may use besides itself. Everything not named here is refused. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  kernel: [],
  config: ["kernel"],
  model: ["kernel", "config"],
  telemetry: ["config", "kernel"],
  signing: PURE,
  gate: PURE,
  routing: PURE,
  stats: PURE,
  dedupe: PURE,
  outbound: PURE,
  brokers: [...PURE, "outbound"],
  // Of the gate only the pure pace: a source's limit is the same arithmetic.
  ingest: [...PURE, "dedupe", "gate"],
  delivery: [...PURE, "gate", "outbound", "routing", "signing", "stats", "telemetry"],
  oauth: [...PURE, "outbound", "signing"],
  record: [...PURE, "delivery"],
  store: [...PURE, "delivery", "record", "stats"],
  alerts: [...PURE, "outbound", "signing", "telemetry"],
  maintenance: [...PURE, "delivery", "signing", "telemetry"],
  management: [...PURE, "delivery", "gate", "outbound", "routing", "signing", "store", "telemetry"],
  api: [
    ...PURE,
    "delivery",
    "gate",
    "management",
    "outbound",
    "record",
    "routing",
    "signing",
    "stats",
    "store",
    "telemetry",
  ],
  listen: [...PURE, "outbound"],
  live: ["kernel", "config", "store"],
  // Of the API only the shapes of its answers: types.
  dashboard: [...PURE, "signing", "stats", "telemetry", "api"],
  // The composition root sees everything.
  worker: readdirSync(src).filter((name) => !name.includes(".")),
};

/** Rooms that are vocabulary: each file is used on its own. All others are entered through their index.ts. */
const WITHOUT_DOOR = [...PURE, "worker"];

interface Import {
  readonly target: string;
  readonly names: readonly string[];
}

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
const texts = new Map(files.map((file) => [file, readFileSync(join(src, file), "utf8")]));
const textOf = (file: string): string => texts.get(file) ?? "";
const roomOf = (file: string): string | null => (file.includes("/") ? (file.split("/")[0] ?? null) : null);
const importsOf = (file: string): Import[] =>
  [...textOf(file).matchAll(/(?:import|export) (?:type )?([^;]*?) ?from "(\.[^"]+)"/g)]
    .map((match) => ({
      target: relative(src, join(src, dirname(file), match[2] ?? "")),
      names: [...(match[1] ?? "").matchAll(/\w+/g)].map(([name]) => name),
    }))
    .filter(({ target }) => !target.startsWith("../node_modules/"));
const uses = (text: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(text);
/** Talks to the runtime itself: Durable Objects, sockets. Only the entry and the composition root use such a file. */
const isShell = (file: string): boolean => /from "cloudflare:/.test(textOf(file));

describe("the rooms", () => {
  it("hold every file but the entry", () => {
    expect(files.filter((file) => roomOf(file) === null)).toEqual(["index.ts"]);
  });

  it.each(files.filter((file) => roomOf(file) !== null))("%s imports only what its room may", (file) => {
    const room = roomOf(file) ?? "";
    expect(Object.keys(MAY_IMPORT)).toContain(room);
    for (const { target } of importsOf(file)) {
      const other = roomOf(target) ?? "";
      expect([room, ...(MAY_IMPORT[room] ?? [])]).toContain(other);
      const byDoor = other === room || WITHOUT_DOOR.includes(other) || target === `${other}/index.ts`;
      if (!byDoor)
        expect(room === "worker" && isShell(target), `${target} is used past its room's index.ts`).toBe(true);
    }
    if (room === "dashboard") expect(textOf(file)).not.toMatch(/^import \{[^}]*\} from "(\.\.\/)+(api|stats)\//m);
    if (room !== "store") expect(textOf(file)).not.toMatch(/from "drizzle-orm/);
  });

  it("have no import circle, types included", () => {
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      const at = path.indexOf(file);
      if (at >= 0) expect.fail(`import circle: ${[...path.slice(at), file].join(" -> ")}`);
      if (done.has(file)) return;
      for (const { target } of importsOf(file)) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
  });

  it("export from their index.ts only what another room or a test uses", () => {
    const users = [
      ...files.map((file) => ({ file, text: textOf(file) })),
      ...["test", "bench", "scripts", "cli"].flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
          .filter((name) => /\.tsx?$/.test(name))
          .map((name) => ({ file: `${folder}/${name}`, text: readFileSync(join(root, folder, name), "utf8") })),
      ),
    ];
    const idle = files
      .filter((file) => /^[^/]+\/index\.ts$/.test(file))
      .flatMap((door) => importsOf(door).flatMap(({ names }) => names.map((name) => ({ door, name }))))
      .filter(({ name }) => name !== "type")
      .filter(({ door, name }) => !users.some(({ file, text }) => roomOf(file) !== roomOf(door) && uses(text, name)));
    expect(idle.map(({ door, name }) => `${door}: ${name}`)).toEqual([]);
  });

  it("read clock and chance in the kernel and at the edges only", () => {
    const readers = files.filter((file) => /\bDate\.now\(|Math\.random\(|crypto\.randomUUID\(/.test(textOf(file)));
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
    expect(promised).toEqual(["G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9", "G10", "G11", "G12", "G13"]);
    for (const id of promised) expect(titles).toContain(`[${id}]`);
  });
});
