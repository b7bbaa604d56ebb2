// Access tokens from the real Durable Object, with the token endpoint mocked at fetch.
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { headerValue } from "../../../src/model/event.ts";
import { destinationSpecSchema } from "../../../src/model/destination.ts";
import { OAuthTokens } from "../../../src/oauth/oauth-tokens.ts";
import type { CachedToken } from "../../../src/oauth/token-cache.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { createRoute, createWorld, type World } from "../harness.ts";

const TOKEN_URL = "https://id.test/token";
const auth = {
  type: "oauth2_client_credentials",
  token_url: TOKEN_URL,
  client_id: "id",
  client_secret: "planted-client",
};

let issued = 0;
let endpoint: (form: URLSearchParams) => Response | Promise<Response>;

beforeEach(() => {
  issued = 0;
  endpoint = () =>
    Response.json({ access_token: `planted-token-${++issued}`, token_type: "bearer", expires_in: 3_600 });
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    if (input !== TOKEN_URL) throw new Error("no other fetch is expected");
    return endpoint(new URLSearchParams(init?.body as string));
  });
});
afterEach(() => vi.restoreAllMocks());

const tokens = (world: World): (string | null)[] =>
  world.requests.map((request) => headerValue(request.headers, "authorization"));
const rowsOf = async (world: World, sourceId: string) =>
  (await world.deliveries()).filter((row) => row.source_id === sourceId);

describe("OAuth 2.0 client credentials", () => {
  it("are fetched once for fifty concurrent consumers, each in its own isolate", async () => {
    const { slug } = await createRoute([{ auth }]);
    const worlds = Array.from({ length: 50 }, () => createWorld());
    await Promise.all(worlds.map((world) => world.accept(`/in/${slug}`, { body: "{}" })));
    await Promise.all(worlds.map((world) => world.turn()));
    expect(issued).toBe(1);
    for (const world of worlds) expect(tokens(world)).toEqual(["Bearer planted-token-1"]);
  });

  it("are stored encrypted in the Durable Object, and not in D1 [G8]", async () => {
    const world = createWorld();
    const { slug, destinationIds } = await createRoute([{ auth }]);
    await world.accept(`/in/${slug}`, { body: "{}" });
    await world.turn();
    expect(tokens(world)).toEqual(["Bearer planted-token-1"]);
    const stub = env.OAUTH_TOKENS.getByName(destinationIds[0] ?? "");
    const stored = await runInDurableObject(stub, async (_object, state) =>
      JSON.stringify([...(await state.storage.list())]),
    );
    expect(stored).toMatch(/v1\.[0-9a-f]{8}\./);
    expect(stored).not.toContain("planted");
    const { results } = await env.DB.prepare("SELECT * FROM deliveries").all();
    expect(JSON.stringify(results)).not.toContain("planted");
  });

  it("are refreshed once after a 401, within the same attempt", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([{ auth }]);
    await leaveToken(destinationIds[0] ?? "", "former");
    world.onRequest((request) => ({
      status: headerValue(request.headers, "authorization") === "Bearer former" ? 401 : 200,
    }));
    await world.accept(`/in/${slug}`, { body: "{}" });
    await world.turn();
    expect(tokens(world)).toEqual(["Bearer former", "Bearer planted-token-1"]);
    const rows = await rowsOf(world, sourceId);
    expect(rows.map((row) => [row.status, row.attempts_made])).toEqual([["delivered", 1]]);
  });

  it("are not refreshed a second time when the new token is refused as well", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([{ auth }]);
    await leaveToken(destinationIds[0] ?? "", "former");
    world.onRequest(() => ({ status: 401 }));
    await world.accept(`/in/${slug}`, { body: "{}" });
    await world.turn();
    expect(tokens(world)).toEqual(["Bearer former", "Bearer planted-token-1"]);
    expect(issued).toBe(1);
    const failed = (await rowsOf(world, sourceId)).find((row) => row.status === "retrying");
    expect(failed).toMatchObject({ attempts_made: 1, last_response_status: 401 });
    // The token is new, so the next attempt's 401 is not blamed on it.
    world.advance(10_000);
    await world.turn();
    expect([tokens(world).length, issued]).toEqual([3, 1]);
  });

  it("count the repeated request against the pace, and leave it to the next attempt when there is no room [G4]", async () => {
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([
      { auth, rate_limit: { limit: 1, period_seconds: 60, burst: 1 } },
    ]);
    await leaveToken(destinationIds[0] ?? "", "former");
    world.onRequest(() => ({ status: 401 }));
    await world.accept(`/in/${slug}`, { body: "{}" });
    await world.turn();
    expect(tokens(world)).toEqual(["Bearer former"]);
    expect((await rowsOf(world, sourceId))[0]).toMatchObject({ status: "retrying", attempts_made: 1 });
  });

  it("that cannot be fetched fail the attempt with auth_failed: nothing is sent, and the delivery retries [G2]", async () => {
    endpoint = () => Response.json({ error: "invalid_client" }, { status: 401 });
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ auth }]);
    await world.accept(`/in/${slug}`, { body: "{}" });
    await world.turn();
    expect(world.requests).toHaveLength(0);
    const [row] = await rowsOf(world, sourceId);
    expect(row).toMatchObject({
      status: "retrying",
      attempts_made: 1,
      last_error: "auth_failed",
      last_response_status: null,
    });
    expect(String(row?.["attempts"])).toContain("No access token: token endpoint answered 401 invalid_client.");
  });

  it.each([
    ["does not answer", () => Promise.reject(new TypeError("Network connection lost"))],
    ["is broken", () => new Response("oops", { status: 503 })],
    ["is busy", () => new Response("slow down", { status: 429 })],
  ])("are waited for while the endpoint %s: no attempt is used, and no circuit opens [G11]", async (_what, answer) => {
    endpoint = answer;
    const world = createWorld();
    const { slug, sourceId, destinationIds } = await createRoute([{ auth, retry: { schedule_seconds: [1] } }]);
    await world.postMany(slug, 5, { body: "{}" });
    await world.turn();
    const rows = await rowsOf(world, sourceId);
    expect(rows).toHaveLength(5);
    for (const row of rows)
      expect(row).toMatchObject({ status: "deferred", deferred_by: "token_unavailable", attempts_made: 0 });
    expect(world.requests).toHaveLength(0);
    const state = await env.DB.prepare("SELECT * FROM destination_states WHERE destination_id = ?")
      .bind(destinationIds[0])
      .first();
    expect(state).toBeNull();
  });

  it("are never requested from a private address [G10]", async () => {
    const stub = env.OAUTH_TOKENS.getByName("dst_private");
    const answer = await runInDurableObject(stub, async (_object, state) => {
      const strict = new OAuthTokens(state, { ...env, SLUICE_ALLOW_PRIVATE: "false" } as Env);
      const of = { ...auth, type: "oauth2_client_credentials", auth_style: "basic" } as const;
      const client_secret = { secret: "PARTNER_TOKEN" };
      return strict.token({ ...of, token_url: "https://169.254.169.254/token", client_secret }, null);
    });
    expect(answer).toMatchObject({ ok: false, error: { detail: expect.stringContaining("private") } });
    expect(issued).toBe(0);
  });
});

/** A token from an earlier attempt, old enough to be the cause of a 401. */
async function leaveToken(destination: string, token: string): Promise<void> {
  const row = await env.DB.prepare("SELECT spec FROM destinations WHERE id = ?")
    .bind(destination)
    .first<{ spec: string }>();
  const spec = destinationSpecSchema.parse(JSON.parse(row?.spec ?? "{}"));
  const kept: CachedToken = {
    token,
    fingerprint: JSON.stringify(spec.auth),
    fetched_at: Date.now() - 60_000,
    expires_at: Date.now() + 3_600_000,
  };
  const sealed = await createRuntime(env).vault.seal(JSON.stringify(kept), {
    purpose: "oauth_token",
    record: destination,
    field: "token",
  });
  if (!sealed.ok) throw new Error(sealed.error.detail);
  await runInDurableObject(env.OAUTH_TOKENS.getByName(destination), (_object, state) =>
    state.storage.put("token", sealed.value.sealed),
  );
}
