import { describe, expect, it } from "vitest";
import { ok, type Result } from "../../../src/kernel/result.ts";
import { authSchema, type AuthOf } from "../../../src/model/destination-auth.ts";
import { TokenCache, type CachedToken } from "../../../src/oauth/token-cache.ts";
import type { Token, TokenFailure } from "../../../src/oauth/token-request.ts";

const authOf = (scope: string): AuthOf<"oauth2_client_credentials"> =>
  authSchema.parse({
    type: "oauth2_client_credentials",
    token_url: "https://id.example.com/token",
    client_id: "id",
    client_secret: { secret: "CLIENT" },
    scope,
  }) as AuthOf<"oauth2_client_credentials">;
const AUTH = authOf("a");

function cacheOn(
  answer: (turn: number) => Result<Token, TokenFailure> = (turn) => ok({ token: `t${turn}`, lifetimeMs: 100_000 }),
) {
  let time = 0;
  let fetches = 0;
  let stored: CachedToken | null = null;
  const make = (): TokenCache =>
    new TokenCache({
      now: () => time,
      fetchToken: async () => {
        fetches += 1;
        const turn = fetches;
        await new Promise((resolve) => setTimeout(resolve, 1));
        return answer(turn);
      },
      load: async () => stored,
      keep: async (token) => void (stored = token),
    });
  const cache = make();
  const text = async (of = cache, auth = AUTH, refused: string | null = null): Promise<string> => {
    const result = await of.token(auth, refused);
    return result.ok ? result.value.token : result.error.detail;
  };
  return { text, make, pass: (ms: number) => void (time += ms), fetches: () => fetches };
}

describe("the cache of a destination's access token", () => {
  it("fetches once for fifty concurrent calls", async () => {
    const { text, fetches } = cacheOn();
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => text())))).toEqual(new Set(["t1"]));
    expect(fetches()).toBe(1);
  });

  it("fetches again shortly before the token expires", async () => {
    const { text, pass } = cacheOn();
    expect(await text()).toBe("t1");
    pass(89_999);
    expect(await text()).toBe("t1");
    pass(1);
    expect(await text()).toBe("t2");
  });

  it("replaces a refused token, once for all callers that it was refused for", async () => {
    const { text, pass, fetches, make } = cacheOn();
    await text();
    pass(10_000);
    const again = Array.from({ length: 50 }, () => text(undefined, AUTH, "t1"));
    expect(new Set(await Promise.all(again))).toEqual(new Set(["t2"]));
    expect(await text(undefined, AUTH, "t1")).toBe("t2");
    expect(fetches()).toBe(2);
    expect(await text(make())).toBe("t2");
  });

  it("does not replace a token that it has just fetched after a 401", async () => {
    const { text, fetches } = cacheOn();
    await text();
    expect(await text(undefined, AUTH, "t1")).toBe("t1");
    expect(fetches()).toBe(1);
  });

  it("waits five seconds before it asks a failing endpoint again", async () => {
    const { text, pass, fetches } = cacheOn((turn) =>
      turn === 1
        ? { ok: false, error: { detail: "down", isTemporary: true } }
        : ok({ token: `t${turn}`, lifetimeMs: 1_000 }),
    );
    expect([await text(), await text()]).toEqual(["down", "down"]);
    pass(4_999);
    expect(await text()).toBe("down");
    expect(fetches()).toBe(1);
    pass(1);
    expect(await text()).toBe("t2");
  });

  it("fetches again when the configuration has changed, even right after a failure", async () => {
    const { text } = cacheOn((turn) =>
      turn === 1
        ? { ok: false, error: { detail: "down", isTemporary: true } }
        : ok({ token: `t${turn}`, lifetimeMs: 100_000 }),
    );
    expect([await text(), await text(undefined, authOf("b")), await text(undefined, authOf("b"))]).toEqual([
      "down",
      "t2",
      "t2",
    ]);
  });

  it("keeps its token across a restart", async () => {
    const { text, make, fetches } = cacheOn();
    await text();
    expect(await text(make())).toBe("t1");
    expect(fetches()).toBe(1);
  });
});
