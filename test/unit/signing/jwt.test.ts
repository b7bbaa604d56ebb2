// JSON Web Tokens, verified with a shared secret and with a published key set.
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { remoteTexts } from "../../../src/signing/index.ts";
import { configured, judge } from "./judge.ts";
import { NOW } from "./signer.ts";

const JWKS_URL = "https://issuer.example.com/jwks.json";
const SECRET = "a shared secret of at least 32 bytes";
const CLAIMS = { iss: "https://issuer.example.com", aud: "sluice", iat: NOW, exp: NOW + 600 };

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let first: Keys;
let second: Keys;
let published: { kid: string; keys: Keys }[];
let fetches = 0;
const remote = remoteTexts(async () => {
  fetches++;
  const keys = await Promise.all(
    published.map(async ({ kid, keys }) => ({ ...(await exportJWK(keys.publicKey)), kid, alg: "ES256" })),
  );
  return JSON.stringify({ keys });
});

beforeAll(async () => {
  [first, second] = await Promise.all([generateKeyPair("ES256"), generateKeyPair("ES256")]);
  published = [{ kid: "one", keys: first }];
});

const symmetric = (payload: JWTPayload, secret = SECRET, alg = "HS256") =>
  new SignJWT(payload).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
const asymmetric = (payload: JWTPayload, kid: string | null = "one", key = first.privateKey) =>
  new SignJWT(payload).setProtectedHeader({ alg: "ES256", ...(kid === null ? {} : { kid }) }).sign(key);

const verdict = (token: string | null, options: Record<string, unknown>, at = NOW, secrets: string[] = []) =>
  judge(
    { headers: token === null ? {} : { authorization: token }, body: "{}" },
    configured("jwt", options, secrets.length),
    { at, secrets, remote },
  );

describe("jwt with a shared secret", () => {
  const by = (token: string | null, at = NOW, options = {}) =>
    verdict(token, options, at, ["another secret of 32 bytes or more", SECRET]);

  it("accepts a token that one of the secrets signed, with and without Bearer", async () => {
    const token = await symmetric(CLAIMS);
    expect(await by(`Bearer ${token}`)).toEqual({ ok: true });
    expect(await by(token, NOW, { issuer: CLAIMS.iss, audience: "sluice" })).toEqual({ ok: true });
    expect(await by(`Bearer ${await symmetric(CLAIMS, SECRET, "HS512")}`)).toEqual({ ok: true });
  });

  it("refuses a wrong secret, issuer or audience, a changed or missing token, and a token without a signature", async () => {
    const token = await symmetric(CLAIMS);
    const [head = "", payload = "", signature = ""] = token.split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    const forged = [
      `Bearer ${await symmetric(CLAIMS, "a wrong secret of 32 bytes or more")}`,
      `Bearer ${head}.${payload.replace(/.$/, "A")}.${signature}`,
      `Bearer ${head}.${payload}.${signature.slice(0, -2)}`,
      `Bearer ${none}.${payload}.`,
      "Bearer ",
      "Bearer x.y.z",
      null,
    ];
    for (const one of forged) expect(await by(one)).toMatchObject({ ok: false });
    for (const options of [{ issuer: "https://other.example" }, { audience: "other" }, { algorithms: ["HS384"] }])
      expect(await by(`Bearer ${token}`, NOW, options)).toEqual({ ok: false, cause: "token_rejected" });
  });

  it("refuses a token that is expired, not yet valid, or old and without an expiry [G9]", async () => {
    const token = `Bearer ${await symmetric(CLAIMS)}`;
    expect(await by(token, NOW + 899)).toEqual({ ok: true });
    expect(await by(token, NOW + 901)).toEqual({ ok: false, cause: "timestamp_too_old" });
    expect(await by(`Bearer ${await symmetric({ ...CLAIMS, nbf: NOW + 301 })}`)).toMatchObject({ ok: false });
    const endless = `Bearer ${await symmetric({ iat: NOW })}`;
    expect(await by(endless, NOW + 300)).toEqual({ ok: true });
    expect(await by(endless, NOW + 301)).toEqual({ ok: false, cause: "timestamp_too_old" });
    expect(await by(`Bearer ${await symmetric({})}`)).toEqual({ ok: false, cause: "missing_timestamp" });
  });
});

describe("jwt with a key set", () => {
  const by = (token: string, at = NOW) => verdict(token, { jwks_url: JWKS_URL, audience: "sluice" }, at);

  it("accepts the issuer's token, and fetches the set once", async () => {
    const token = `Bearer ${await asymmetric(CLAIMS)}`;
    for (let i = 0; i < 5; i++) expect(await by(token)).toEqual({ ok: true });
    expect(fetches).toBe(1);
  });

  it("refuses an unknown key, and the public key used as a secret", async () => {
    expect(await by(`Bearer ${await asymmetric(CLAIMS, "one", second.privateKey)}`)).toMatchObject({ ok: false });
    const confused = await symmetric(CLAIMS, JSON.stringify(await exportJWK(first.publicKey)));
    expect(await by(`Bearer ${confused}`)).toMatchObject({ ok: false });
  });

  it("follows a rotation within a minute, and does not fetch more often for unknown keys", async () => {
    const before = fetches;
    const token = `Bearer ${await asymmetric(CLAIMS, "two", second.privateKey)}`;
    published = [...published, { kid: "two", keys: second }];
    expect(await by(token, NOW + 30)).toMatchObject({ ok: false });
    expect(fetches).toBe(before);
    expect(await by(token, NOW + 61)).toEqual({ ok: true });
    for (let i = 0; i < 20; i++)
      expect(await by(`Bearer ${await asymmetric(CLAIMS, `unknown-${i}`)}`, NOW + 62)).toMatchObject({ ok: false });
    expect(fetches).toBe(before + 1);
  });

  it("tries every key of the set for a token that names none", async () => {
    const stranger = await generateKeyPair("ES256");
    const at = NOW + 63;
    for (const { privateKey } of [first, second])
      expect(await by(`Bearer ${await asymmetric(CLAIMS, null, privateKey)}`, at)).toEqual({ ok: true });
    for (const claims of [CLAIMS, { ...CLAIMS, exp: NOW - 1_000 }])
      expect(await by(`Bearer ${await asymmetric(claims, null, stranger.privateKey)}`, at)).toMatchObject({
        ok: false,
      });
    expect(
      await by(`Bearer ${await asymmetric({ ...CLAIMS, exp: NOW - 1_000 }, null, second.privateKey)}`, at),
    ).toEqual({
      ok: false,
      cause: "timestamp_too_old",
    });
  });
});
