// GET /readyz: a complete deployment, and each thing that may be missing from one.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { READY_CACHE_MS } from "../../../src/config/limits.ts";
import { readSettings } from "../../../src/config/env.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import type { AppDeps } from "../../../src/worker/app.ts";
import { advance } from "../clock.ts";
import { createClient } from "./harness.ts";

const TOKEN = "test-admin-token-of-the-tests";
const withVariables = (change: Readonly<Record<string, string>>): Partial<AppDeps> => {
  const bindings = { ...env, ...change } as Env;
  return { settings: readSettings(bindings), vault: createRuntime(bindings).vault };
};
const withDatabase = (db: D1Database): Partial<AppDeps> => ({ databases: () => [env.DB, db] });
const failing = (message: string): D1Database =>
  ({ prepare: () => ({}), batch: () => Promise.reject(new Error(message)) }) as never;

async function ask(deps: Partial<AppDeps>, token: string | null = TOKEN, app = createClient(deps).app) {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const answer = await app.request("http://sluice.test/readyz", { headers });
  const text = await answer.text();
  return { status: answer.status, text, detail: text === "" ? null : (JSON.parse(text) as { detail: string }).detail };
}

describe("/readyz", () => {
  it("is 200 and nothing else once the deployment is complete, with any token and with none", async () => {
    for (const token of [TOKEN, null, "wrong"])
      expect(await ask({}, token)).toEqual({ status: 200, text: "", detail: null });
  });

  it.each([
    ["no master key", withVariables({ SLUICE_MASTER_KEY: "" }), "SLUICE_MASTER_KEY must be base64 of 32 bytes"],
    ["a short master key", withVariables({ SLUICE_MASTER_KEY: "c2hvcnQ=" }), "openssl rand -base64 32"],
    ["a malformed old key", withVariables({ SLUICE_MASTER_KEYS_OLD: "x" }), "Each key in SLUICE_MASTER_KEYS_OLD"],
    ["a missing table", withDatabase(failing("D1_ERROR: no such table: segments: SQLITE_ERROR")), "segments"],
    ["a database that is away", withDatabase(failing("Network connection lost")), "The database does not answer"],
  ])("names %s to the bearer of a token, and to no one else", async (_what, deps, words) => {
    const told = await ask(deps);
    expect([told.status, told.detail]).toEqual([503, expect.stringContaining(words)]);
    for (const token of [null, "wrong"]) {
      const untold = await ask(deps, token);
      expect([untold.status, untold.detail]).toEqual([503, "Send a valid token to learn what is missing."]);
    }
  });

  it("says which database lacks migrations", async () => {
    const deps = withDatabase(failing("D1_ERROR: no such column: done: SQLITE_ERROR"));
    expect((await ask(deps)).detail).toBe("DB_2 lacks migrations (no such column: done): run npm run deploy.");
  });

  it("reads every column of every table", async () => {
    await env.DB.prepare("ALTER TABLE interruptions RENAME COLUMN count TO renamed").run();
    try {
      expect((await ask({})).detail).toMatch(/no such column: interruptions.count/);
    } finally {
      await env.DB.prepare("ALTER TABLE interruptions RENAME COLUMN renamed TO count").run();
    }
  });

  it.each(["", "choose-a-long-random-string", "short"])("is 503 with the admin token %j", async (token) => {
    const deps = withVariables({ SLUICE_ADMIN_TOKEN: token });
    expect([(await ask(deps)).status, (await ask(deps, token || null)).status]).toEqual([503, 503]);
  });

  it("tells an address that guesses too often nothing", async () => {
    const deps = { ...withVariables({ SLUICE_MASTER_KEY: "" }), mayTry: async () => false };
    const { app } = createClient(deps);
    const from = { "cf-connecting-ip": "203.0.113.9" };
    for (const token of ["wrong", TOKEN]) {
      const headers = { ...from, authorization: `Bearer ${token}` };
      const answer = await app.request("http://sluice.test/readyz", { headers });
      expect([answer.status, (await answer.json<{ detail: string }>()).detail]).toEqual([
        503,
        "Send a valid token to learn what is missing.",
      ]);
    }
  });

  it("asks the database once in a while only, however often it is called", async () => {
    let asked = 0;
    const db = { prepare: () => ({}), batch: async () => void asked++ } as never;
    const { app } = createClient({ databases: () => [db] });
    await ask({}, null, app);
    await ask({}, null, app);
    expect(asked).toBe(1);
    advance(READY_CACHE_MS);
    await ask({}, null, app);
    expect(asked).toBe(2);
  });
});
