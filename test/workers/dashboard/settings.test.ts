import { describe, expect, it } from "vitest";
import { unique } from "../api/harness.ts";
import { createBrowser } from "./harness.ts";

async function signedIn() {
  const browser = createBrowser();
  await browser.signIn();
  const _csrf = await browser.csrf("/settings");
  const submit = (path: string, fields: Record<string, string> = {}) => browser.post(path, { _csrf, ...fields });
  return { ...browser, submit };
}

describe("tokens in the dashboard", () => {
  it("are shown once, and revoked after confirmation", async () => {
    const browser = await signedIn();
    const name = unique("token");
    const made = await browser.submit("/settings/tokens", { name, scope: "read", expires_at: "" });
    const token = /slc_[A-Za-z0-9_-]{43}/.exec(made.html)?.[0] ?? "";
    const asRead = { authorization: `Bearer ${token}` };
    expect((await browser.client.call("GET", "/sources", undefined, asRead)).status).toBe(200);
    const list = (await browser.get("/settings/tokens")).html;
    expect(list).toContain(name);
    expect(list).not.toContain(token);
    const id = new RegExp(`/settings/tokens/(\\w+)/revoke`).exec(list)?.[1] ?? "";
    expect((await browser.submit(`/settings/tokens/${id}/revoke`)).html).toContain("are refused immediately");
    const revoked = await browser.submit(`/settings/tokens/${id}/revoke`, { confirm: "yes" });
    expect(revoked.location).toBe("/settings/tokens?done=revoked");
    expect((await browser.get("/settings/tokens")).html).not.toContain(name);
  });

  it("show errors next to the field", async () => {
    const browser = await signedIn();
    const answer = await browser.submit("/settings/tokens", { name: "x", scope: "read", expires_at: "tomorrow" });
    expect([answer.status, answer.html.includes('id="expires_at-error"')]).toEqual([422, true]);
  });

  it("are not shown to a read-only token", async () => {
    const admin = await signedIn();
    const made = await admin.submit("/settings/tokens", { name: unique("reader"), scope: "read" });
    const reader = createBrowser();
    await reader.signIn(/slc_[A-Za-z0-9_-]{43}/.exec(made.html)?.[0]);
    const page = await reader.get("/settings/tokens");
    expect(page.html).toContain('role="alert"');
    expect(page.html).not.toContain("New token");
    expect((await reader.get("/settings")).html).toContain("14 days");
  });
});

describe("the settings", () => {
  it("shows who changed what", async () => {
    const browser = await signedIn();
    const name = unique("audited");
    await browser.client.call("POST", "/sources", { name });
    const { html } = await browser.get("/settings/audit?kind=source");
    expect(html).toContain(name);
    expect(html).toContain("SLUICE_ADMIN_TOKEN");
  });

  it("show the configuration as text, and the plan of an edited one without applying it", async () => {
    const browser = await signedIn();
    const slug = unique("planned");
    await browser.client.call("POST", "/sources", { slug });
    expect((await browser.get("/settings/config")).html).toContain(slug);
    const document = JSON.parse((await browser.get("/settings/config.json")).html) as {
      sources: { slug: string; name: string }[];
    };
    for (const source of document.sources) if (source.slug === slug) source.name = "Renamed";
    const planned = await browser.submit("/settings/config", { document: JSON.stringify(document) });
    expect(planned.html).toContain("1 to update");
    expect(planned.html).toContain("/name");
    expect((await browser.client.call("GET", `/sources/${slug}`)).json.name).toBe(slug);
    // What was planned is applied, and only once: then the configuration is another one.
    const tag = (/name="tag" value="([^"]+)"/.exec(planned.html)?.[1] ?? "").replaceAll("&quot;", '"');
    const applied = () => browser.submit("/settings/config/apply", { document: JSON.stringify(document), tag });
    expect((await applied()).location).toBe("/settings/config?done=applied");
    expect((await browser.client.call("GET", `/sources/${slug}`)).json.name).toBe("Renamed");
    const late = await applied();
    expect([late.status, late.html]).toEqual([422, expect.stringContaining("Nothing was applied")]);
    const untagged = await browser.submit("/settings/config/apply", { document: JSON.stringify(document) });
    expect(untagged.html).toContain("Nothing was applied");
    const rounded = '{"connections": [{"slug": "c", "filter": {"body": {"id": 9007199254740993}}}]}';
    expect((await browser.submit("/settings/config", { document: rounded })).html).toMatch(
      /\/connections\/0\/filter\/body\/id.{0,40} cannot be represented exactly/s,
    );
    const broken = await browser.submit("/settings/config", { document: "{" });
    expect([broken.status, broken.html.includes('id="document-error"')]).toEqual([422, true]);
  });

  it("show only whether secrets are set", async () => {
    const browser = await signedIn();
    const { text } = await browser.client.call("GET", "/settings");
    expect(JSON.parse(text)).toMatchObject({ retention_days: 14, master_key: true });
    expect(text).not.toContain("dGVzdC1tYXN0ZXIta2V5");
    expect(text).not.toContain("test-admin-token-of-the-tests");
  });
});
