// Guessing tokens, against the Worker's own rate limit.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { buildApp } from "../../../src/worker/ports/api.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { createClient } from "../api/harness.ts";

/** As in wrangler.toml. */
const LIMIT = 10;
const MINUTE_MS = 60_000;
const ADMIN = "test-admin-token-of-the-tests";

let time = Date.now();
const counts = new Map<string, number>();
/** The binding without its minute: a test must not depend on when a minute ends. */
const LOGIN_ATTEMPTS = {
  limit: async ({ key }: { key: string }) => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return { success: (counts.get(key) ?? 0) <= LIMIT };
  },
};
/** An isolate of its own: it remembers nothing. */
const start = (bindings: Env = { ...env, LOGIN_ATTEMPTS }) => {
  const app = buildApp(createRuntime(bindings, () => time));
  return async (bearer: string, address: string, path = "/api/v1/sources") => {
    const headers = { authorization: `Bearer ${bearer}`, "cf-connecting-ip": address };
    const response = await app.request(`http://sluice.test${path}`, { headers }, bindings);
    return { status: response.status, wait: response.headers.get("retry-after"), text: await response.text() };
  };
};
const guesses = (count: number): string[] => Array.from({ length: count }, (_, index) => `guess-${index}`);
const used = async (call: ReturnType<typeof start>, address: string): Promise<void> => {
  for (const guess of guesses(LIMIT)) expect((await call(guess, address)).status).toBe(401);
};

describe("bearers that are no token", () => {
  it("are limited by the rate limit of wrangler.toml", async () => {
    const call = start(env);
    const statuses = [];
    // A minute may end in between, but not twice.
    while (statuses.at(-1) !== 429 && statuses.length <= 2 * LIMIT)
      statuses.push((await call("guess", "203.0.113.10")).status);
    expect(statuses.length).toBeGreaterThan(LIMIT);
    expect(statuses.at(-1)).toBe(429);
  });

  it("are refused with 429 once an address has sent ten within a minute, the right one included [G8]", async () => {
    const call = start();
    await used(call, "203.0.113.1");
    const refused = await call("one-more", "203.0.113.1");
    expect([refused.status, refused.wait]).toEqual([429, "60"]);
    expect(JSON.parse(refused.text)).toMatchObject({ code: "too_many_attempts", status: 429 });
    const right = await call(ADMIN, "203.0.113.1");
    expect(right.status).toBe(429);
    expect((await call(ADMIN, "203.0.113.2")).status).toBe(200);
    time += MINUTE_MS;
    expect((await call(ADMIN, "203.0.113.1")).status).toBe(200);
  });

  it("do not shut out a token that this isolate has accepted before", async () => {
    const call = start();
    expect((await call(ADMIN, "203.0.113.3")).status).toBe(200);
    await used(call, "203.0.113.3");
    expect((await call("one-more", "203.0.113.3")).status).toBe(429);
    expect((await call(ADMIN, "203.0.113.3")).status).toBe(200);
  });

  it("count for the whole /64 of an IPv6 address, and for no other", async () => {
    const call = start();
    for (const [index, guess] of guesses(LIMIT).entries())
      expect((await call(guess, `2001:db8:0:1::${index.toString(16)}`)).status).toBe(401);
    expect((await call("one-more", "2001:db8:0:1:ffff:ffff:ffff:ffff")).status).toBe(429);
    expect((await call("one-more", "2001:db8:0:2::1")).status).toBe(401);
  });

  it("count together with attempts to sign in", async () => {
    const app = buildApp(createRuntime({ ...env, LOGIN_ATTEMPTS }, () => time));
    const signIn = () =>
      app.request(
        "http://sluice.test/login",
        {
          method: "POST",
          headers: {
            origin: "http://sluice.test",
            "cf-connecting-ip": "203.0.113.5",
            "content-type": "application/x-www-form-urlencoded",
          },
          body: "token=guess",
        },
        env,
      );
    for (let count = 0; count < LIMIT; count++) expect((await signIn()).status).toBe(401);
    expect((await signIn()).status).toBe(429);
    expect((await start()("guess", "203.0.113.5")).status).toBe(429);
  });

  it("count on /metrics too, and not where no token is sent at all", async () => {
    const call = start();
    for (const guess of guesses(LIMIT)) expect((await call(guess, "203.0.113.6", "/metrics")).status).toBe(401);
    expect((await call("one-more", "203.0.113.6", "/metrics")).status).toBe(429);
    const { app } = createClient({
      mayTry: () => {
        throw new Error("counted");
      },
    });
    const bare = await app.request("http://sluice.test/api/v1/sources", {
      headers: { "cf-connecting-ip": "203.0.113.7" },
    });
    expect(bare.status).toBe(401);
  });
});
