// API tokens on real D1: scopes, expiry, and what is stored.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Scope } from "../../../src/model/token.ts";
import { createClient, unique } from "./harness.ts";

const MINUTE_MS = 60_000;
let time = Date.UTC(2026, 10, 24);
const { call } = createClient({ now: () => time });
const as = (token: string) => ({ authorization: `Bearer ${token}` });

async function made(scope: Scope, more: Record<string, unknown> = {}) {
  const { status, json } = await call("POST", "/tokens", { name: unique("token"), scope, ...more });
  expect(status).toBe(201);
  return { id: json.id, token: json.token, json };
}

const kept = async (): Promise<string> => {
  const tables = await Promise.all(
    ["tokens", "audit", "idempotency_keys"].map(
      async (name) => (await env.DB.prepare(`SELECT * FROM ${name}`).all()).results,
    ),
  );
  return JSON.stringify(tables);
};

describe("a token", () => {
  it("is slc_ and 256 random bits, shown only in the answer that creates it [G8]", async () => {
    const { id, token, json } = await made("write");
    expect(token).toMatch(/^slc_[A-Za-z0-9_-]{43}$/);
    expect(json).toMatchObject({ scope: "write", expires_at: null, last_used_at: null, created_by: "admin_token" });
    const read = await call("GET", `/tokens/${id}`);
    const list = await call("GET", "/tokens");
    const audit = await call("GET", "/audit");
    for (const text of [read.text, list.text, audit.text, await kept()]) {
      expect(text).toContain(id);
      expect(text).not.toContain(token);
    }
    for (const text of [read.text, list.text]) expect(text).not.toContain("hash");
  });

  it("is answered again under its idempotency key, and only encrypted in D1 [G8]", async () => {
    const key = { "idempotency-key": unique("key") };
    const body = { name: unique("token"), scope: "read" };
    const first = await call("POST", "/tokens", body, key);
    const again = await call("POST", "/tokens", body, key);
    expect([again.headers.get("idempotency-replayed"), again.json]).toEqual(["true", first.json]);
    expect(await kept()).not.toContain(first.json.token);
    // Another token does not get this answer with the same key and body.
    const other = await made("admin");
    const own = await call("POST", "/tokens", body, { ...key, ...as(other.token) });
    expect([own.status, own.headers.get("idempotency-replayed")]).toEqual([201, null]);
    expect(own.json.token).not.toBe(first.json.token);
  });

  it("can read its own name and scope", async () => {
    const { id, token, json } = await made("read");
    const self = await call("GET", "/tokens/self", undefined, as(token));
    expect(self.json).toEqual({ id, name: json.name, scope: "read", expires_at: null });
    const admin = await call("GET", "/tokens/self");
    expect(admin.json).toEqual({ id: "admin_token", name: "SLUICE_ADMIN_TOKEN", scope: "admin", expires_at: null });
  });

  it("is refused from the first request after its revocation", async () => {
    const { id, token } = await made("read");
    expect((await call("GET", "/sources", undefined, as(token))).status).toBe(200);
    expect((await call("DELETE", `/tokens/${id}`)).status).toBe(204);
    expect((await call("GET", "/sources", undefined, as(token))).status).toBe(401);
    expect((await call("DELETE", `/tokens/${id}`)).status).toBe(404);
  });

  it("is refused from the instant at which it expires", async () => {
    const { token } = await made("read", { expires_at: new Date(time + MINUTE_MS).toISOString() });
    time += MINUTE_MS - 1;
    expect((await call("GET", "/sources", undefined, as(token))).status).toBe(200);
    time += 1;
    expect((await call("GET", "/sources", undefined, as(token))).status).toBe(401);
  });

  it("records its last use to the minute, not at every request", async () => {
    const { id, token } = await made("read");
    const used = async () => (await call("GET", `/tokens/${id}`)).json.last_used_at;
    expect(await used()).toBeNull();
    const first = time;
    await call("GET", "/sources", undefined, as(token));
    expect(await used()).toBe(new Date(first).toISOString());
    time += MINUTE_MS - 1;
    await call("GET", "/sources", undefined, as(token));
    expect(await used()).toBe(new Date(first).toISOString());
    time += 1;
    await call("GET", "/sources", undefined, as(token));
    expect(await used()).toBe(new Date(first + MINUTE_MS).toISOString());
  });

  it("still works when its use cannot be recorded", async () => {
    const { token } = await made("read");
    const prepare = (sql: string): D1PreparedStatement => {
      if (sql.startsWith("UPDATE tokens")) throw new Error("D1 is read-only");
      return env.DB.prepare(sql);
    };
    const db = { prepare, batch: env.DB.batch.bind(env.DB) } as unknown as D1Database;
    const errors: string[] = [];
    const log = {
      debug: () => undefined,
      info: () => undefined,
      error: (message: string) => void errors.push(message),
    };
    const client = createClient({ db, log });
    expect((await client.call("GET", "/sources", undefined, as(token))).status).toBe(200);
    expect(errors).toEqual(["token use not recorded"]);
  });

  it.each([
    [{ scope: "read" }, "/name"],
    [{ name: "x" }, "/scope"],
    [{ name: "x", scope: "root" }, "/scope"],
    [{ name: "x", scope: "read", expires_at: "tomorrow" }, "/expires_at"],
    [{ name: "x", scope: "read", expires_at: "2020-01-01T00:00:00Z" }, "/expires_at"],
    [{ name: "x", scope: "read", hash: "0" }, "/hash"],
  ])("with invalid input gets a 422 that names the field [G12]: %j", async (body, pointer) => {
    const { status, json } = await call("POST", "/tokens", body);
    expect([status, json.errors?.[0]?.pointer]).toEqual([422, pointer]);
  });

  it.each([
    "slc_",
    `slc_${"A".repeat(43)}`,
    `SLC_${"A".repeat(43)}`,
    "admin_token",
    "test-admin-token-of-the-test",
    "test-admin-token-of-the-tests2",
  ])("that does not exist is refused: %s", async (text) => {
    const { status, json } = await call("GET", "/sources", undefined, as(text));
    expect([status, json.code]).toEqual([401, "unauthorized"]);
  });

  it("is listed page by page, newest first", async () => {
    const ids = [];
    for (let i = 0; i < 3; i++) {
      time += 1;
      ids.unshift((await made("read")).id);
    }
    const first = await call("GET", "/tokens?limit=2");
    const second = await call("GET", `/tokens?limit=1&cursor=${first.json.next_cursor}`);
    expect([...first.json.data, ...second.json.data].map((row) => row.id)).toEqual(ids);
  });
});

describe("the scope of a token", () => {
  it("cannot be bypassed by another spelling of the path", async () => {
    const { token } = await made("write");
    for (const path of [
      "/tokens/",
      "//tokens",
      "/%74okens",
      "/tokens%2F",
      "/Tokens",
      "/tokens?x=/tokens/self",
      "/./tokens",
    ]) {
      const { status, json } = await call("POST", path, { name: "x", scope: "admin" }, as(token));
      expect([path, [403, 404].includes(status), json.token]).toEqual([path, true, undefined]);
    }
  });

  it("is checked before an idempotency key is claimed", async () => {
    const { token } = await made("read");
    const key = unique("key");
    const body = { name: unique("source") };
    expect((await call("POST", "/sources", body, { ...as(token), "idempotency-key": key })).status).toBe(403);
    expect((await call("POST", "/sources", body, { "idempotency-key": key })).status).toBe(201);
  });
});
