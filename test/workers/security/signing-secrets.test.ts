// A signing secret that Sluice makes is for admins' eyes, however it comes to be.
import { describe, expect, it } from "vitest";
import { createClient, unique } from "../api/harness.ts";
import { createBrowser } from "../dashboard/harness.ts";

const url = "https://api.example.com/";
const SIGNS = { type: "standard_webhooks" };
const SECRET = /whs(ec|k)_/;
const { call } = createClient();
const make = async (scope: string): Promise<string> =>
  (await call("POST", "/tokens", { name: scope, scope })).json.token;
const [write, admin] = [await make("write"), await make("admin")];
const as = (token: string) => ({ authorization: `Bearer ${token}` });

/** Each way in which Sluice makes a signing secret. */
const WAYS: Readonly<Record<string, (token: string) => ReturnType<typeof call<"POST", "/destinations">>>> = {
  "POST /destinations": (token) =>
    call("POST", "/destinations", { slug: unique("dst"), url, signing: SIGNS }, as(token)),
  "POST /destinations in ed25519": (token) =>
    call("POST", "/destinations", { slug: unique("dst"), url, signing: { ...SIGNS, algorithm: "ed25519" } }, as(token)),
  "PATCH /destinations/{id}": async (token) => {
    const { json } = await call("POST", "/destinations", { slug: unique("dst"), url });
    return call("PATCH", `/destinations/${json.id}`, { signing: SIGNS }, as(token));
  },
};

describe("a signing secret that Sluice makes", () => {
  it.each(Object.entries(WAYS))(
    "by %s is shown to admins only, and a write token is told so [G8]",
    async (_way, act) => {
      const [hidden, shown] = [await act(write), await act(admin)];
      expect(hidden.status).toBe(shown.status);
      expect(hidden.text).not.toMatch(SECRET);
      expect(hidden.json.signing).toMatchObject({ secrets_withheld: true, secrets_set: { secrets: ["sealed"] } });
      expect(shown.json.signing).toMatchObject({ secrets: [expect.stringMatching(SECRET)] });
      expect(shown.json.signing).not.toHaveProperty("secrets_withheld");
      const read = await call("GET", `/destinations/${hidden.json.id}`, undefined, as(admin));
      expect(read.text).not.toMatch(SECRET);
      expect(read.json.signing).not.toHaveProperty("secrets_withheld");
    },
  );

  it("by PUT /config is shown to admins only, and a write token learns for which destinations [G8]", async () => {
    const apply = (slug: string, token: string) =>
      call("PUT", "/config", { destinations: [{ slug, url, signing: SIGNS }] }, as(token));
    const [one, other] = [unique("dst"), unique("dst")];
    const hidden = await apply(one, write);
    expect(hidden.text).not.toMatch(SECRET);
    expect([hidden.json.signing_secrets_withheld, hidden.json.signing_secrets]).toEqual([[one], undefined]);
    const shown = await apply(other, admin);
    expect(shown.json.signing_secrets).toEqual([{ destination: other, secrets: [expect.stringMatching(SECRET)] }]);
    expect(shown.json).not.toHaveProperty("signing_secrets_withheld");
  });

  it("is not in the answer that an idempotency key gives a write token again [G8]", async () => {
    const key = { "idempotency-key": unique("key") };
    const body = { slug: unique("dst"), url, signing: SIGNS };
    const first = await call("POST", "/destinations", body, { ...as(write), ...key });
    const again = await call("POST", "/destinations", body, { ...as(write), ...key });
    expect([again.headers.get("idempotency-replayed"), again.json]).toEqual(["true", first.json]);
    expect(again.text).not.toMatch(SECRET);
  });

  it("is made by rotation for admins only", async () => {
    const { json } = await call("POST", "/destinations", { slug: unique("dst"), url, signing: SIGNS });
    const path = `/destinations/${json.id}/rotate-secret`;
    expect((await call("POST", path, {}, as(write))).status).toBe(403);
    expect((await call("POST", path, {}, as(admin))).text).toMatch(SECRET);
  });

  it("is not on the dashboard's page for a write token, which says whom to ask", async () => {
    const create = async (token: string) => {
      const browser = createBrowser();
      await browser.signIn(token);
      const fields = { name: unique("dst"), url, "signing/type": "standard_webhooks" };
      return (await browser.fill("/destinations/new", "/destinations", fields)).html;
    };
    const hidden = await create(write);
    expect(hidden).not.toMatch(SECRET);
    expect(hidden).toContain("Only an admin can see one: ask an admin to rotate it.");
    expect(await create(admin)).toMatch(SECRET);
  });
});
