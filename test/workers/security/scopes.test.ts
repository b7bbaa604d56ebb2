// Every path of the router, with every method and every kind of token: the scope alone decides.
import { describe, expect, it } from "vitest";
import { createClient } from "../api/harness.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const RANKS = ["read", "write", "admin"] as const;
type Rank = (typeof RANKS)[number];

let time = Date.UTC(2026, 10, 24);
const { app, call } = createClient({ now: () => time });
const routes = [
  ...new Set(
    app.routes.filter(({ path, method }) => path.startsWith("/api/v1/") && method !== "ALL").map(({ path }) => path),
  ),
];

/** What a path and a method need, as docs/administration.md says it. */
function needed(path: string, method: string): Rank {
  const isRead = method === "GET" || method === "HEAD";
  if (path === "/api/v1/tokens/self" && isRead) return "read";
  if (/^\/api\/v1\/(tokens|audit|callbacks)(\/|$)/.test(path) || /\/(rotate|learned)-secret$/.test(path))
    return "admin";
  // Whoever listens gets events and says what became of them.
  if (/^\/api\/v1\/destinations\/[^/]+\/listen$/.test(path)) return "write";
  return isRead ? "read" : "write";
}

const make = async (scope: Rank, more: object = {}) =>
  (await call("POST", "/tokens", { name: scope, scope, ...more })).json as {
    readonly id: string;
    readonly token: string;
  };

const [expired, revoked] = [
  await make("admin", { expires_at: new Date(time + 1_000).toISOString() }),
  await make("admin"),
];
await call("DELETE", `/tokens/${revoked.id}`);
time += 1_000;
const HOLDERS: readonly { readonly name: string; readonly bearer: string | null; readonly rank: Rank | null }[] = [
  { name: "none", bearer: null, rank: null },
  { name: "wrong", bearer: "not-a-token-of-this-deployment", rank: null },
  { name: "expired", bearer: expired.token, rank: null },
  { name: "revoked", bearer: revoked.token, rank: null },
  ...(await Promise.all(RANKS.map(async (rank) => ({ name: rank, bearer: (await make(rank)).token, rank })))),
];

async function attempt(path: string, method: string, bearer: string | null): Promise<Response> {
  return app.request(`http://sluice.test${path.replaceAll(/:\w+/g, "nothing-there")}`, {
    method,
    headers: bearer === null ? {} : { authorization: `Bearer ${bearer}` },
    body: method === "GET" || method === "HEAD" ? null : "{}",
  });
}

describe("the API", () => {
  it("has a table of more than forty paths", () => {
    expect(routes.length).toBeGreaterThan(40);
  });

  it.for(routes)("admits at %s exactly the tokens whose scope covers the method [G8] [G12]", async (path, { task }) => {
    const cells = METHODS.flatMap((method) => HOLDERS.map((holder) => ({ method, ...holder })));
    const outcomes = await Promise.all(
      cells.map(async ({ method, name, bearer, rank }) => {
        const scope = needed(path, method);
        const expected = rank === null ? 401 : RANKS.indexOf(rank) < RANKS.indexOf(scope) ? 403 : "in";
        const response = await attempt(path, method, bearer);
        const { status, headers } = response;
        if (status === 403 && method !== "HEAD")
          expect(await response.json()).toMatchObject({
            code: "forbidden",
            detail: `This needs a token of scope ${scope}; this one has ${name}.`,
          });
        expect([method, name, headers.get("x-content-type-options"), headers.get("cache-control")]).toEqual([
          method,
          name,
          "nosniff",
          "no-store",
        ]);
        expect(status).toBeLessThan(500);
        return { method, name, expected, got: status === 401 || status === 403 ? status : "in" };
      }),
    );
    task.meta.tried = outcomes.length;
    expect(outcomes.filter(({ expected, got }) => expected !== got)).toEqual([]);
    expect(outcomes).toHaveLength(METHODS.length * HOLDERS.length);
  });
});
