import { describe, expect, it } from "vitest";
import type { Option } from "../../../cli/option.ts";
import { COMMANDS } from "../../../cli/commands/index.ts";
import { COMMON_OPTIONS } from "../../../cli/common-options.ts";
import { allCommands } from "../../../cli/find.ts";
import { ofSluice, problem, sluice, TOKEN } from "./harness.ts";

describe("the command line", () => {
  it("prints help for itself and each command, without a token", async () => {
    const bare = { env: {} };
    const help = await sluice("help", bare);
    expect(help.code).toBe(0);
    for (const { summary } of Object.values(COMMANDS)) expect(help.out).toContain(summary);
    for (const { path, command } of allCommands()) {
      const [name, line] = [path[0], path.join(" ")];
      for (const ask of [`help ${line}`, `${line} --help`, `-h ${line}`, `help ${name}`]) {
        const { code, out, requests } = await sluice(ask, bare);
        expect([code, requests]).toEqual([0, []]);
        for (const option of Object.keys(command.options ?? {})) expect(out).toContain(`--${option}`);
      }
    }
    expect((await sluice("", bare)).out).toBe(help.out);
    expect((await sluice("help", { ...bare, tty: true, columns: 60 })).out).toMatch(/\n {16}\w/);
  });

  it("prints its version", async () => {
    for (const ask of ["--version", "-v"]) expect((await sluice(ask, { env: {} })).out).toBe("1.2.3\n");
  });

  it("gives an option that several commands have the same kind, so that it may stand before the command", async () => {
    const kinds = new Map<string, boolean>();
    for (const { command } of allCommands())
      for (const [name, { value }] of Object.entries({ ...command.options, ...COMMON_OPTIONS }) as [string, Option][]) {
        expect([name, kinds.get(name) ?? value !== undefined]).toEqual([name, value !== undefined]);
        kinds.set(name, value !== undefined);
      }
    const api = () => ({ data: [], next_cursor: null });
    for (const line of ["--json --limit 3 events", "events --json --limit=3 list", "--limit 3 events list --json"]) {
      const { code, out, requests } = await sluice(line, { api });
      expect([code, JSON.parse(out), requests[0]?.query["limit"]]).toEqual([0, { data: [] }, "3"]);
    }
  });

  it.each([
    ["fly", "unknown command: fly"],
    ["help fly", "unknown command: fly"],
    ["constructor", "unknown command: constructor"],
    ["evnets", "unknown command: evnets; did you mean events?"],
    ["help evnets", "unknown command: evnets; did you mean events?"],
    ["version", "unknown command: version; did you mean --version?"],
    ["deliv", "unknown command: deliv; did you mean deliveries?"],
    ["--json", "a command is missing"],
    ["completion", "completion expects bash, zsh or fish"],
    ["completion csh", "completion expects bash, zsh or fish, not csh; did you mean zsh?"],
    ["events --colour", "unknown option: --colour\n"],
    ["events --stauts dead", "unknown option: --stauts; did you mean --status?"],
    ["--stauts dead deliveries", "unknown option: --stauts; did you mean --status?"],
    ["events -x", "unknown option: -x\n"],
    ["events --limit", "--limit needs a value\n"],
    ["events --limit -1", "--limit needs a value; write --limit=VALUE if it begins with -"],
    ["events --follow=yes", "--follow takes no value"],
    ["status now", "unexpected argument: now"],
    ["events --limit 0", "--limit must be a whole number of at least 1"],
    ["events --limit x", "--limit must be a whole number of at least 1"],
    ["events --from yesterday", "--from must be a time"],
    ["events --from 2026-13-45", "--from must be a time"],
    ["events --from 2026-01-31T12:00:00", "--from must be a time"],
    ["events --follow --to 1h", "--to cannot be used with --follow"],
    ["events get", "ID is missing"],
    ["events get a b", "unexpected argument: b"],
    ["events get a --follow", "unknown option: --follow"],
    ["events drop", "events expects list or get, not drop"],
    ["events lsit", "events expects list or get, not lsit; did you mean list?"],
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
    ["replay evt_1 --wait", "--wait cannot be used with IDs of events: use replay --event ID"],
    ["replay evt_1 --cancel", "--cancel cannot be used with IDs of events\n"],
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
      "sluice: Some fields are invalid (422 invalid)\n  /destinations/2/url is no URL\n  --from is odd\n",
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
    for (const body of ["<html>", '{"ok": true}', "null"])
      for (const command of ["events", "send shop", "login --url https://sluice.test --token t"]) {
        const page = await sluice(command, { api: () => new Response(body) });
        expect([page.code, page.err, Object.keys(page.files)]).toEqual([
          1,
          "sluice: The response from https://sluice.test is not from Sluice\n",
          [],
        ]);
      }
    const cut = await sluice("events", { api: () => ofSluice('{"data": [') });
    expect([cut.code, cut.err]).toEqual([1, "sluice: The response from https://sluice.test broke off\n"]);
  });
});
