import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { writePrivate } from "../../../cli/machine/private-file.ts";
import { problem, sluice, TOKEN, type Machine, type Seen } from "./harness.ts";

const FILE = "/home/ada/.config/sluice/profiles.json";
const HOME = { HOME: "/home/ada" };
const api = ({ path }: Seen) => (path === "/tokens/self" ? { scope: "read" } : { data: [], next_cursor: null });
const stored = (current: string | null, ...names: string[]): Record<string, string> => ({
  [FILE]: JSON.stringify({
    current,
    profiles: Object.fromEntries(
      names.map((name) => [name, { url: `https://${name}.test`, token: `token-of-${name}` }]),
    ),
  }),
});

describe("login", () => {
  it("asks for URL and token without showing it, tries them, and stores them as the profile in use", async () => {
    const asked: Machine = { env: HOME, tty: true, answer: "https://sluice.test/", secret: `${TOKEN}\n`, api };
    const { code, out, err, files, questions, requests } = await sluice("login", asked);
    expect([code, out]).toEqual([
      0,
      "Logged in to https://sluice.test with a token of scope read. The profile default is in use.\n",
    ]);
    expect(questions).toEqual(["URL of Sluice [http://localhost:8787]: ", "API token (not shown): "]);
    expect(requests.map(({ path, headers }) => [path, headers.get("authorization")])).toEqual([
      ["/tokens/self", `Bearer ${TOKEN}`],
    ]);
    expect(JSON.parse(files[FILE] ?? "")).toEqual({
      current: "default",
      profiles: { default: { url: "https://sluice.test", token: TOKEN } },
    });
    expect(out + err).not.toContain(TOKEN);
  });

  it("takes the token from standard input without a terminal, and keeps the other profiles", async () => {
    const machine: Machine = { env: HOME, input: `${TOKEN}\n`, files: stored("work", "work"), api };
    const { code, files } = await sluice("login --profile home --url https://sluice.test --json", machine);
    const { current, profiles } = JSON.parse(files[FILE] ?? "") as { current: string; profiles: object };
    expect([code, current, Object.keys(profiles)]).toEqual([0, "home", ["work", "home"]]);
  });

  it("stores nothing that is refused or wrong, and never prints the token [G8]", async () => {
    const machine: Machine = { env: HOME, input: TOKEN, api: () => problem(401, "unauthorized") };
    for (const [line, code] of [
      ["login --url https://sluice.test", 1],
      ["login --url https://sluice.test --json", 1],
      ["login", 2],
      ["login --url http://sluice.test", 2],
      ["login --url https://sluice.test --profile ../x", 2],
    ] as const) {
      const tried = await sluice(line, machine);
      expect([line, tried.code, tried.files]).toEqual([line, code, {}]);
      expect(tried.out + tried.err).not.toContain(TOKEN);
    }
    expect((await sluice("login --url https://sluice.test", machine)).err).toMatch(/\n {2}The token was refused\.\n$/);
    expect((await sluice("login --url https://sluice.test", { env: {}, input: "t", api })).err).toContain("HOME");
  });
});

describe("a profile", () => {
  const at = async (line: string, env: Record<string, string>, files = stored("work", "work", "home")) => {
    const { code, err, requests } = await sluice(line, { env: { ...HOME, ...env }, files, api });
    const [request] = requests;
    return request === undefined
      ? [code, err]
      : [new URL(request.path, "https://sluice.test").host, request.headers.get("authorization")];
  };

  it("gives URL and token: the one in use, the one of SLUICE_PROFILE, the one that --profile names", async () => {
    expect(await at("events", {})).toEqual(["work.test", "Bearer token-of-work"]);
    expect(await at("events", { SLUICE_PROFILE: "home" })).toEqual(["home.test", "Bearer token-of-home"]);
    expect(await at("events --profile home", { SLUICE_PROFILE: "work" })).toEqual([
      "home.test",
      "Bearer token-of-home",
    ]);
    expect(await at("--profile hom events", {})).toEqual([
      2,
      expect.stringContaining("there is no profile hom; did you mean home?"),
    ]);
    const broken = { [FILE]: "[]" };
    expect(await at("events", {}, broken)).toEqual([1, expect.stringContaining("is not a file of profiles")]);
  });

  it("yields to the environment and to options, and its token goes to its own URL only", async () => {
    const both = { SLUICE_URL: "https://sluice.test", SLUICE_TOKEN: "t" };
    expect(await at("events", both)).toEqual(["sluice.test", "Bearer t"]);
    expect(await at("events --profile home", both)).toEqual(["sluice.test", "Bearer t"]);
    expect(
      (await sluice("events --profile home", { env: { ...HOME, ...both }, files: stored(null, "home"), api })).err,
    ).toContain("The profile yields to SLUICE_URL and SLUICE_TOKEN of the environment.");
    expect(await at("events --profile home --token x", {})).toEqual(["home.test", "Bearer x"]);
    expect(await at("events", { SLUICE_TOKEN: "t" })).toEqual(["localhost:8787", "Bearer t"]);
    expect(await at("events --url https://other.test", {})).toEqual([2, expect.stringContaining("no token")]);
    expect(await at("events --url https://other.test --profile work", {})).toEqual([
      2,
      expect.stringContaining("no token"),
    ]);
    expect(await at("events --url https://work.test --profile work", {})).toEqual([
      "work.test",
      "Bearer token-of-work",
    ]);
  });

  it("is listed without its token, chosen with use, and removed with logout [G8]", async () => {
    const machine: Machine = { env: HOME, files: stored("work", "work", "home") };
    const list = await sluice("profiles", machine);
    expect(list.out).toBe(
      "PROFILE  URL                IN USE\nwork     https://work.test  yes\nhome     https://home.test  -\n",
    );
    const json = await sluice("profiles list --json", machine);
    expect(JSON.parse(json.out)).toEqual({
      data: [
        { name: "work", url: "https://work.test", in_use: true },
        { name: "home", url: "https://home.test", in_use: false },
      ],
    });
    const used = await sluice("profiles use home", machine);
    expect(JSON.parse(used.files[FILE] ?? "")).toMatchObject({ current: "home" });
    const gone = await sluice("logout", machine);
    expect(JSON.parse(gone.files[FILE] ?? "")).toEqual({
      current: null,
      profiles: { home: { url: "https://home.test", token: "token-of-home" } },
    });
    expect(gone.err).toContain("sluice profiles use NAME");
    for (const { out, err } of [list, json, used, gone]) expect(out + err).not.toContain("token-of");
    expect((await sluice("logout", { env: HOME })).code).toBe(2);
  });

  it("is stored where only its owner can read, in XDG_CONFIG_HOME if that is set", async () => {
    const env = { HOME: "/home/ada", XDG_CONFIG_HOME: "/xdg" };
    const { files } = await sluice("login --url https://sluice.test", { env, input: "t", api });
    expect(Object.keys(files)).toEqual(["/xdg/sluice/profiles.json"]);
    const folder = mkdtempSync(join(tmpdir(), "sluice-profiles-"));
    const file = join(folder, "sluice/profiles.json");
    await writePrivate(file, "first");
    await writePrivate(file, "second");
    expect([statSync(file).mode & 0o777, statSync(dirname(file)).mode & 0o777]).toEqual([0o600, 0o700]);
    expect([readFileSync(file, "utf8"), readdirSync(dirname(file))]).toEqual(["second", ["profiles.json"]]);
    rmSync(folder, { recursive: true });
  });
});

describe("open", () => {
  it("prints the dashboard's URL or a record's page, and opens it on a terminal; it needs no token", async () => {
    const env = { SLUICE_URL: "https://sluice.test/x" };
    const shown = await sluice("open", { env });
    expect([shown.code, shown.out, shown.browsed]).toEqual([0, "https://sluice.test/\n", []]);
    const page = await sluice("open evt_01k", { env, tty: true });
    expect([page.out, page.browsed]).toEqual([
      "https://sluice.test/events/evt_01k\n",
      ["https://sluice.test/events/evt_01k"],
    ]);
    expect((await sluice("open dlv_01k --print", { env, tty: true })).browsed).toEqual([]);
    expect((await sluice("open ../x", { env })).code).toBe(2);
    expect((await sluice("open", { env: HOME, files: stored("work", "work") })).out).toBe("https://work.test/\n");
  });
});

describe("init", () => {
  it("writes a first configuration, and never over a file", async () => {
    const { code, files, out } = await sluice("init", { env: {} });
    expect([code, out]).toEqual([0, expect.stringContaining("sluice config apply sluice.json")]);
    expect(Object.keys(JSON.parse(files["sluice.json"] ?? "") as object)).toEqual([
      "version",
      "sources",
      "destinations",
      "connections",
    ]);
    const twice = await sluice("init", { env: {}, files: { "sluice.json": "mine" } });
    expect([twice.code, twice.files["sluice.json"]]).toEqual([1, "mine"]);
  });
});
