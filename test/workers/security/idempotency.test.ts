// What an `Idempotency-Key` keeps, and for whom.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createClient, unique } from "../api/harness.ts";

const { call } = createClient();
const keyed = (key: string, token?: string) => ({
  "idempotency-key": key,
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
});
const kept = async (key: string) =>
  (
    await env.DB.prepare("SELECT operation, response FROM idempotency_keys WHERE key = ?1")
      .bind(key)
      .all<{ operation: string; response: string | null }>()
  ).results;

const source = (await call("POST", "/sources", { slug: unique("source") })).json.slug;
const destination = (await call("POST", "/destinations", { slug: unique("to"), url: "https://a.test" })).json.id;
const connection = (await call("POST", "/connections", { source, destination })).json.id;

describe("an Idempotency-Key", () => {
  it.each([
    ["/filters/test", { filter: {}, sample: { body: "x".repeat(200) } }],
    ["/transforms/test", { transform: { body: "{ 'all': [1..1000] }" }, sample: { body: {} } }],
    ["/replays", { status: "dead", dry_run: true }],
    ["/replays?dry_run=true", { status: "dead" }],
    [`/destinations/${destination}/pause`, undefined],
    [`/destinations/${destination}/resume`, undefined],
    [`/connections/${connection}/pause`, undefined],
    [`/connections/${connection}/resume`, undefined],
  ])("stores nothing for POST %s, which neither creates nor sends [G10]", async (path, body) => {
    const key = unique("key");
    for (const _time of [1, 2]) {
      const answer = await call("POST", path, body, keyed(key));
      expect([answer.status, answer.headers.get("idempotency-replayed")]).toEqual([200, null]);
    }
    expect(await kept(key)).toEqual([]);
  });

  it.each([
    ["/sources", () => ({ slug: unique("source") }), 201],
    ["/tokens", () => ({ name: "x", scope: "read" }), 201],
    ["/events", () => ({ destinations: [destination], body: {} }), 202],
    [`/destinations/${destination}/test`, () => undefined, 202],
    ["/replays", () => ({ status: "dead" }), 202],
  ])("gives the first answer of POST %s again, which creates or sends", async (path, body, status) => {
    const [key, sent] = [unique("key"), body()];
    const first = await call("POST", path, sent, keyed(key));
    const again = await call("POST", path, sent, keyed(key));
    expect([first.status, again.status, again.headers.get("idempotency-replayed")]).toEqual([status, status, "true"]);
    expect(again.json).toEqual(first.json);
  });

  it("is another one with another query: the plan of a replay is not the replay", async () => {
    const key = unique("key");
    const body = { status: "dead" };
    const plan = await call("POST", "/replays?dry_run=true", body, keyed(key));
    const run = await call("POST", "/replays", body, keyed(key));
    const again = await call("POST", "/replays?dry_run=true", body, keyed(key));
    expect([plan.status, run.status, again.status]).toEqual([200, 202, 200]);
    expect([plan.json.dry_run, run.json.id === undefined, again.json.dry_run]).toEqual([true, false, true]);
  });

  it("is another one with another token: each gets its own event and its own answer", async () => {
    const make = async () => (await call("POST", "/tokens", { name: "w", scope: "write" })).json.token;
    const [one, other] = [await make(), await make()];
    const frozen = createClient({ now: () => Date.UTC(2026, 10, 24) });
    const [key, body] = [unique("key"), { destinations: [destination], body: {} }];
    const ids = [];
    for (const token of [one, other, one])
      ids.push((await frozen.call("POST", "/events", body, keyed(key, token))).json.id);
    expect(ids[0]).toBe(ids[2]);
    expect(ids[0]).not.toBe(ids[1]);
    expect(await kept(key)).toHaveLength(2);
  });
});
