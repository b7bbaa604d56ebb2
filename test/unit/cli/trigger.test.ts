import { describe, expect, it } from "vitest";
import { problem, sluice, type Seen } from "./harness.ts";

const source = (slug: string, type: string) => ({ slug, verification: { type } });
const SENT = { id: "evt_1", status: "accepted", event_type: "invoice.paid", signed: true, unsigned_because: null };

const api =
  (sources: readonly object[], sent: object = SENT) =>
  ({ method }: Seen): unknown =>
    method === "GET" ? { data: sources, next_cursor: null } : sent;

const posted = (requests: readonly Seen[]) =>
  requests.filter(({ method }) => method === "POST").map(({ path, body }) => [path, body]);

describe("trigger", () => {
  const shop = [source("shop", "stripe"), source("code", "github")];

  it("has a sample sent to the source that verifies the provider, and says that it is signed", async () => {
    const { code, out, requests } = await sluice("trigger stripe invoice.paid", { api: api(shop) });
    expect([code, out]).toEqual([0, "evt_1  invoice.paid  signed\n"]);
    expect(posted(requests)).toEqual([["/sources/shop/test", { provider: "stripe", type: "invoice.paid" }]]);
  });

  it("says why it is not signed, and prints the whole answer as JSON", async () => {
    const sent = { ...SENT, signed: false, unsigned_because: "sender_only" };
    const { out } = await sluice("trigger github", { api: api(shop, sent) });
    expect(out).toBe("evt_1  invoice.paid  not signed: only the sender can\n");
    expect(JSON.parse((await sluice("trigger github --json", { api: api(shop, sent) })).out)).toEqual(sent);
  });

  it("takes the body from a file, which must be JSON, and any source by its name", async () => {
    const files = { "a.json": '{"type": "x"}', "b.json": "{" };
    const good = await sluice("trigger stripe --source other --data @a.json", { api: api([]), files });
    expect(posted(good.requests)).toEqual([["/sources/other/test", { provider: "stripe", body: { type: "x" } }]]);
    const bad = await sluice("trigger stripe --source other --data @b.json", { api: api([]), files });
    expect([bad.code, bad.err, bad.requests]).toEqual([1, expect.stringContaining("--data is not valid JSON"), []]);
    const rounded = await sluice('trigger stripe --source other --data {"id":12345678901234567890}', { api: api([]) });
    expect([rounded.code, rounded.err, rounded.requests]).toEqual([1, expect.stringContaining("/id cannot be"), []]);
    const missing = await sluice("trigger stripe --data @c.json", { api: api(shop), files });
    expect([missing.code, missing.err]).toEqual([1, "sluice: c.json cannot be read\n"]);
  });

  it("asks for the source's name where none or several verify the provider", async () => {
    const none = await sluice("trigger shopify", { api: api(shop) });
    expect([none.code, none.err]).toEqual([1, "sluice: No source verifies shopify: name one with --source\n"]);
    const misspelt = await sluice("trigger strip", { api: api(shop) });
    expect([misspelt.code, misspelt.err]).toEqual([1, "sluice: There is no provider strip; did you mean stripe?\n"]);
    const errors = [{ pointer: "/provider", detail: "is not a provider that Sluice knows" }];
    const named = await sluice("trigger strip --source shop", { api: () => problem(422, "invalid", { errors }) });
    expect([named.code, named.err]).toEqual([misspelt.code, misspelt.err]);
    const two = await sluice("trigger stripe", { api: api([...shop, source("live", "stripe")]) });
    expect([two.code, two.err]).toEqual([1, expect.stringContaining("name one of shop, live with --source")]);
  });

  it("shows which field Sluice refuses", async () => {
    const errors = [{ pointer: "/type", detail: "must be one of invoice.paid, charge.refunded" }];
    const refused = () => problem(422, "invalid", { title: "Some fields are invalid", errors });
    const { code, err } = await sluice("trigger stripe invoice.pain --source shop", { api: refused });
    expect([code, err]).toEqual([
      1,
      expect.stringContaining("TYPE must be one of invoice.paid, charge.refunded; did you mean invoice.paid?"),
    ]);
    expect((await sluice("trigger")).err).toContain("PROVIDER is missing");
    expect((await sluice("trigger a b c")).err).toContain("unexpected argument: c");
  });
});
