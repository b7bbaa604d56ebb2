import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../cli/commands/index.ts";
import { problem, sluice, TOKEN } from "./harness.ts";

describe("the command line", () => {
  it("prints help for itself and each command, without a token", async () => {
    const bare = { env: {} };
    const help = await sluice("help", bare);
    expect(help.code).toBe(0);
    for (const [name, { summary, flags }] of Object.entries(COMMANDS)) {
      expect(help.out).toContain(summary);
      for (const ask of [`help ${name}`, `${name} --help`, `${name} -h`]) {
        const { code, out, requests } = await sluice(ask, bare);
        expect([code, requests]).toEqual([0, []]);
        for (const [flag] of flags) expect(out).toContain(flag);
      }
    }
    expect((await sluice("", bare)).out).toBe(help.out);
  });

  it("names every option of a command in its help", () => {
    for (const { options, flags } of Object.values(COMMANDS)) {
      const named = flags.map(([flag]) => flag).join(" ");
      for (const option of Object.keys(options)) expect(named).toContain(`--${option}`);
    }
  });

  it.each([
    ["fly", "unknown command: fly"],
    ["help fly", "unknown command: fly"],
    ["constructor", "unknown command: constructor"],
    ["events --colour", "Unknown option '--colour'"],
    ["events --limit", "Option '--limit <value>' argument missing"],
    ["events --limit 0", "--limit must be a whole number of at least 1"],
    ["events --limit x", "--limit must be a whole number of at least 1"],
    ["events --from yesterday", "--from must be a time"],
    ["events --from 2026-13-45", "--from must be a time"],
    ["events --from 2026-01-31T12:00:00", "--from must be a time"],
    ["events --follow --to 1h", "--to cannot be used with --follow"],
    ["events get", "events get expects one ID"],
    ["events get a b", "events get expects one ID"],
    ["events drop", "events expects list or get ID, not drop"],
    ["plan", "FILE is missing"],
    ["plan a b", "unexpected argument: b"],
    ["apply a", "--yes is required without a terminal"],
    ["send", "SOURCE or --destination is missing"],
    ["send a --destination b", "SOURCE cannot be used with --destination"],
    ["send a --header x", '--header must be "name: value"'],
    ["send a --delay soon", "--delay must be a duration"],
    ["retry", "delivery ID is missing"],
    ["replay", "an ID or a filter is required"],
    ["replay evt_1 --status dead", "--status cannot be used with IDs of events"],
    ["replay evt_1 --wait", "--wait cannot be used with IDs of events"],
    ["replay rpl_1 --rate 5", "--rate cannot be used with the ID of a replay"],
    ["replay rpl_1 rpl_2", "unexpected argument: rpl_2"],
    ["replay rpl_1 --cancel --wait", "--cancel cannot be used with --wait"],
    ["replay --cancel", "--cancel requires the ID of a replay"],
    ["replay --rate 5", "an ID or a filter is required"],
    ["replay --status dead --rate 0", "--rate must be a number above 0"],
    ["replay --status dead --from soon", "--from must be a time"],
    ["replay --status dead", "--yes is required without a terminal"],
    ["status --url ftp://x", "--url must be http(s)://host"],
    ["status --url x", "--url must be http(s)://host"],
    ["status --url https://user:pass@x", "--url must not contain a user name or password"],
    ["status --url http://sluice.example.com", "--url must be https"],
    ["status --token ä", "the token must be printable ASCII"],
  ])("exits with 2 and names the error of: %s", async (argv, message) => {
    const { code, err, out, requests } = await sluice(argv);
    expect([code, out, requests]).toEqual([2, "", []]);
    expect(err).toContain(message);
    expect(err).toMatch(/\nTry: sluice help/);
  });

  it("takes URL and token from options first, then from the environment, and from .dev.vars for this machine only", async () => {
    const authorization = async (argv: string, env: Record<string, string>): Promise<string> => {
      const files = { ".dev.vars": 'SLUICE_ADMIN_TOKEN="of-the-file"\n' };
      const { requests, code } = await sluice(argv, { env, files, api: () => ({ data: [], next_cursor: null }) });
      return code === 2 ? "none" : `${requests[0]?.path} ${requests[0]?.headers.get("authorization")}`;
    };
    const at = { SLUICE_URL: "https://sluice.test" };
    expect(await authorization("events", { ...at, SLUICE_TOKEN: "a", SLUICE_ADMIN_TOKEN: "b" })).toBe(
      "/events Bearer a",
    );
    expect(await authorization("events", { ...at, SLUICE_ADMIN_TOKEN: "b" })).toBe("/events Bearer b");
    expect(await authorization("events --token c", { ...at, SLUICE_TOKEN: "a" })).toBe("/events Bearer c");
    expect(await authorization("events --url https://sluice.test", { SLUICE_TOKEN: "a" })).toBe("/events Bearer a");
    expect(await authorization("events", {})).toMatch("http://localhost:8787/api/v1/events");
    expect(await authorization("events", {})).toMatch("Bearer of-the-file");
    expect(await authorization("events", { ...at, SLUICE_TOKEN: " a\n" })).toBe("/events Bearer a");
    expect(await authorization("events", at)).toBe("none");
  });

  it("shows every invalid field, exits with 1, and never shows the token [G8]", async () => {
    const errors = [
      { pointer: "/destinations/2/url", detail: "is no URL" },
      { pointer: "/query/from", detail: "is odd" },
    ];
    const api = () => problem(422, "invalid", { title: "Some fields are invalid", errors });
    const words = await sluice("events", { api });
    expect([words.code, words.out]).toEqual([1, ""]);
    expect(words.err).toBe(
      "sluice: Some fields are invalid (422 invalid)\n  /destinations/2/url is no URL\n  /query/from is odd\n",
    );
    const json = await sluice("events --json", { api });
    expect([json.code, json.out, JSON.parse(json.err)]).toMatchObject([1, "", { code: "invalid", errors }]);
    const plain = await sluice("events", { api: () => problem(500, "internal") });
    expect(plain.err).toBe("sluice: Refused (500 internal)\n  because\n  request req-1\n");
    for (const { err } of [words, json, plain]) expect(err).not.toContain(TOKEN);
  });

  it("says if Sluice is unreachable, or if something else answers at the URL", async () => {
    const refused = Object.assign(new TypeError("fetch failed"), {
      cause: Object.assign(new Error(), { code: "ECONNREFUSED" }),
    });
    const away = await sluice("events", { api: () => refused });
    expect([away.code, away.err]).toEqual([1, "sluice: Cannot reach Sluice at https://sluice.test: ECONNREFUSED\n"]);
    const json = await sluice("events --json", { api: () => refused });
    expect(JSON.parse(json.err)).toEqual({ detail: expect.stringContaining("ECONNREFUSED") });
    const other = await sluice("events", { api: () => new Response("<html>", { status: 404 }) });
    expect(other.err).toContain("Is this URL a Sluice?");
    const page = await sluice("events", { api: () => new Response("<html>") });
    expect([page.code, page.err]).toEqual([1, "sluice: The response from https://sluice.test is not from Sluice\n"]);
  });
});
