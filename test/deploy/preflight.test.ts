// What an account or a token may lack: told before anything is made, all at once, with what to click.
import { afterEach, describe, expect, it } from "vitest";
import { chooseAccount, credentials } from "../../scripts/cloudflare/account.ts";
import { cloudflare } from "../../scripts/cloudflare/api.ts";
import { ACCOUNT } from "../stand-in/state.ts";
import { startMachine, type Machine } from "./harness.ts";

let machine: Machine;
afterEach(() => machine.stop());

const writes = (): unknown[] =>
  machine.standIn.requests.filter(({ method, path }) => method !== "GET" && !path.endsWith("/query"));

const PERMISSIONS = [
  ["Workers Scripts", /\/workers\//],
  ["D1", /\/d1\//],
  ["Workers KV Storage", /\/storage\/kv\//],
  ["Workers R2 Storage", /\/r2\//],
  ["Queues", /\/queues/],
] as const;

describe("a token without a permission", () => {
  it.each(PERMISSIONS)("%s is told where to add it", async (permission, paths) => {
    machine = await startMachine();
    machine.standIn.failing = (_method, path) => (paths.test(path) ? { status: 403, code: 10000 } : null);
    const { error } = await machine.deploy();
    expect(error).toContain(`add the permission "Account, ${permission}: Edit"`);
    expect(error).toContain("https://dash.cloudflare.com/profile/api-tokens");
    expect(writes()).toEqual([]);
  });

  it.each(PERMISSIONS)("that may read but not change %s is told so at the first change", async (permission, paths) => {
    machine = await startMachine();
    machine.standIn.failing = (method, path) =>
      method !== "GET" && !path.endsWith("/query") && paths.test(path) ? { status: 403, code: 10000 } : null;
    const { error } = await machine.deploy("--no-check");
    if (permission === "Workers Scripts") expect(error).toContain("planned failure [code: 10000]");
    else expect(error).toContain(`may not change this`);
    expect(error).toContain(`"Account, ${permission}: Edit"`);
  });

  it.each(PERMISSIONS)("that may only read %s, and say so, is told so before anything is made", async (permission) => {
    const names = PERMISSIONS.map(([name]) => `${name} ${name === permission ? "Read" : "Write"}`);
    machine = await startMachine({ token: names });
    const { error } = await machine.deploy("--no-check");
    expect(error).toBe(
      `The API token may not change this. Open https://dash.cloudflare.com/profile/api-tokens, edit the token, and add the permission "Account, ${permission}: Edit".`,
    );
    expect(writes()).toEqual([]);
  });

  it("learns of everything that it lacks in one run", async () => {
    machine = await startMachine();
    machine.standIn.failing = (_method, path) => (/\/(d1|queues|r2)/.test(path) ? { status: 403, code: 10000 } : null);
    const { error } = await machine.deploy();
    for (const name of ["D1", "Queues", "Workers R2 Storage"]) expect(error).toContain(`${name}: Edit`);
  });
});

describe("an account", () => {
  it("that is paid and has not enabled R2 is told where to do so, and has nothing afterwards", async () => {
    machine = await startMachine({ r2: false });
    const known = await machine.deploy("--plan", "paid");
    expect([known.error, writes()]).toEqual([expect.stringContaining(`${ACCOUNT}/r2/overview`), []]);
    // The first queue tells the plan.
    const { error, requests } = await machine.deploy();
    expect(error).toContain(`https://dash.cloudflare.com/${ACCOUNT}/r2/overview`);
    expect(requests.filter((request) => /^(POST|PATCH|PUT|DELETE) (?!.*query$)/.test(request))).toEqual([
      "POST /queues",
      expect.stringMatching(/^DELETE \/queues\/[0-9a-f]{32}$/),
    ]);
    const { d1, kv, queues, scripts } = machine.standIn.state;
    expect([d1, kv, queues, scripts]).toEqual([{}, {}, {}, {}]);
  });

  it("without a name on workers.dev is told where to choose one", async () => {
    machine = await startMachine({ subdomain: null });
    const { error } = await machine.deploy();
    expect(error).toContain(`https://dash.cloudflare.com/${ACCOUNT}/workers/onboarding`);
    expect(writes()).toEqual([]);
  });

  it("that is said to be paid and is not, is told so before there is a Worker, and completes once it is paid", async () => {
    machine = await startMachine({ plan: "free" });
    const { error } = await machine.deploy("--plan", "paid");
    expect(error).toContain("This needs the Workers Paid plan");
    expect(error).toContain(`https://dash.cloudflare.com/${ACCOUNT}/workers/plans`);
    expect(machine.standIn.state.scripts).toEqual({});
    Object.assign(machine.standIn.state.settings, { plan: "paid" });
    expect((await machine.deploy()).error).toBeNull();
  });
});

describe("the login", () => {
  it.each([
    [{ CLOUDFLARE_API_TOKEN: " token\n" }, null, { authorization: "Bearer token" }],
    [{ CLOUDFLARE_API_KEY: "key", CLOUDFLARE_EMAIL: "me" }, null, { "x-auth-key": "key", "x-auth-email": "me" }],
    [{}, "of wrangler login", { authorization: "Bearer of wrangler login" }],
  ])("comes from %j", async (env, login, headers) => {
    machine = await startMachine();
    expect(await credentials(env as never, async () => login)).toEqual(headers);
  });

  it("that is missing, and a Cloudflare that does not answer, are told in words", async () => {
    machine = await startMachine();
    await expect(credentials({} as never, async () => null)).rejects.toThrow('Run "npx wrangler login"');
    const nowhere = cloudflare({}, "http://127.0.0.1:1", fetch);
    await expect(nowhere.call("GET", "/accounts")).rejects.toThrow("http://127.0.0.1:1 is not reachable");
  });

  it("chooses the only account, and asks where there are several or none", async () => {
    machine = await startMachine();
    const among = (accounts: readonly object[]) => ({ call: async () => accounts as never });
    const [one, two] = [
      { id: "1", name: "One" },
      { id: "2", name: "Two" },
    ];
    expect(await chooseAccount(among([one]), undefined)).toEqual(one);
    expect((await chooseAccount(among([]), "2")).id).toBe("2");
    await expect(chooseAccount(among([one, two]), undefined)).rejects.toThrow(
      /CLOUDFLARE_ACCOUNT_ID[^]*1 {2}One\n {2}2 {2}Two/,
    );
    await expect(chooseAccount(among([]), undefined)).rejects.toThrow("reaches no account");
  });
});
