// Alerts in the dashboard: created, edited, tested, disabled and deleted with forms; shown when they fire; their URLs are never shown.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { err, ok, type Result } from "../../../src/kernel/result.ts";
import type { AlertState } from "../../../src/model/alert.ts";
import { createClient, unique, type Json } from "../api/harness.ts";
import { createBrowser } from "./harness.ts";

let answer: Result<number, string>;
const SLACK = "https://hooks.slack.com/services/planted-address";

beforeEach(async () => {
  answer = ok(200);
  await env.DB.prepare("DELETE FROM alerts").run();
});

async function signedIn() {
  const browser = createBrowser({ client: createClient({ notifyAlert: async () => answer }) });
  await browser.signIn();
  const _csrf = await browser.csrf("/settings");
  const submit = (path: string, fields: Record<string, string> = {}) => browser.post(path, { _csrf, ...fields });
  const make = async (change: Record<string, unknown> = {}): Promise<string> => {
    const spec = { name: unique("alert"), rule: { type: "dead_letters" }, target: { type: "slack", url: SLACK } };
    const { json, text } = await browser.client.call("POST", "/alerts", { ...spec, ...change });
    expect(json.id, text).toBeDefined();
    return json.id;
  };
  const read = async (id: string): Promise<Json> => (await browser.client.call("GET", `/alerts/${id}`)).json;
  return { ...browser, submit, make, read };
}

/** Sets the alert's state, as the sweep does. */
async function stands(id: string, change: Partial<AlertState>): Promise<void> {
  await env.DB.prepare("UPDATE alerts SET state = json_patch(state, ?2) WHERE id = ?1")
    .bind(id, JSON.stringify(change))
    .run();
}

const HOUR_AGO = Date.UTC(2026, 10, 24, 8);
const FIRING: Partial<AlertState> = { state: "firing", since: HOUR_AGO, value: 7 };
const UNSENT: Partial<AlertState> = {
  notice: { id: "n", kind: "opened", incident: "i", at: 0, value: 7, details: [], attempts: 2, next_at: HOUR_AGO },
  last_error: "http_404",
};

describe("the form of an alert", () => {
  it("creates one with all its fields", async () => {
    const browser = await signedIn();
    const destination = unique("dst");
    const { json } = await browser.client.call("POST", "/destinations", { slug: destination, url: "https://a.test/" });
    const name = unique("alert");
    const made = await browser.fill("/alerts/new", "/alerts", {
      name,
      severity: "critical",
      "rule/threshold": "3",
      "rule/window_seconds": "600",
      destination: json.id,
      for_seconds: "30",
      repeat_minutes: "",
      resolve_after_seconds: "90",
      "target/url": SLACK,
    });
    expect([made.status, made.location]).toEqual([303, expect.stringMatching(/^\/alerts\/alr_\w+\?done=created$/)]);
    const page = await browser.get(made.location ?? "");
    for (const words of [name, "critical", "more than 3 dead letters within 10 min", "Created.", "hooks.slack.com"])
      expect(page.html).toContain(words);
    expect(await browser.read(/alr_\w+/.exec(made.location ?? "")?.[0] ?? "")).toMatchObject({
      name,
      severity: "critical",
      enabled: true,
      rule: { type: "dead_letters", threshold: 3, window_seconds: 600 },
      source: null,
      destination: json.id,
      for_seconds: 30,
      repeat_minutes: null,
      resolve_after_seconds: 90,
    });
  });

  it("shows the fields of the selected rule and target, keeps the values, and explains how to set up the target", async () => {
    const browser = await signedIn();
    const chosen = await browser.fill("/alerts/new", "/alerts", {
      name: "Typed before",
      "rule/type": "success_rate",
      "target/type": "pagerduty",
      choose: "rule/type",
    });
    expect(chosen.status).toBe(200);
    for (const part of [
      'name="rule/below"',
      'value="0.95"',
      'name="target/routing_key"',
      "Typed before",
      "Events API V2",
    ])
      expect(chosen.html).toContain(part);
    expect(chosen.html).not.toContain('name="rule/threshold"');
  });

  it.each([
    [{ "rule/threshold": "many" }, "rule/threshold"],
    [{ "rule/window_seconds": "1" }, "rule/window_seconds"],
    [{ "target/url": "" }, "target/url", "is missing"],
    [{ "target/url": "ftp://x.example.com/" }, "target/url"],
    [{ "target/url": '{"secret": "NOWHERE"}' }, "target/url"],
    [{ for_seconds: "-1" }, "for_seconds"],
    [{ repeat_minutes: "0" }, "repeat_minutes"],
    [{ name: "" }, "name", "is missing"],
  ])("shows errors next to the field, and stores nothing [G12]: %j", async (change, field, said = "") => {
    const browser = await signedIn();
    const answered = await browser.fill("/alerts/new", "/alerts", {
      name: "x",
      "target/url": SLACK,
      ...change,
    });
    expect(answered.status).toBe(422);
    expect(answered.html).toContain(`id="${field}-error">${said}`);
    expect(answered.html).not.toContain("planted-address");
    expect((await browser.client.call("GET", "/alerts")).json.data).toEqual([]);
  });

  it("changes the shown fields and keeps the URL, which it never shows [G8]", async () => {
    const browser = await signedIn();
    const id = await browser.make();
    const before = await browser.read(id);
    const page = await browser.get(`/alerts/${id}/edit`);
    expect(page.html).not.toContain("planted-address");
    const saved = await browser.fill(`/alerts/${id}/edit`, `/alerts/${id}`, { name: "Renamed" });
    expect(saved.location).toBe(`/alerts/${id}?done=saved`);
    const after = await browser.read(id);
    expect(after).toEqual({ ...before, name: "Renamed", updated_at: after.updated_at });
  });

  it("clears the source when the new rule has none", async () => {
    const browser = await signedIn();
    const slug = unique("src");
    await browser.client.call("POST", "/sources", { slug });
    const id = await browser.make({ source: slug });
    const saved = await browser.fill(`/alerts/${id}/edit`, `/alerts/${id}`, {
      "rule/type": "backlog",
      "rule/threshold": "10",
      "rule/window_seconds": "",
    });
    expect(saved.location).toBe(`/alerts/${id}?done=saved`);
    expect(await browser.read(id)).toMatchObject({ source: null, rule: { type: "backlog", threshold: 10 } });
  });
});

describe("an alert's page", () => {
  it("sends a sample and reports whether it was delivered", async () => {
    const browser = await signedIn();
    const id = await browser.make();
    const sent = await browser.submit(`/alerts/${id}/test`);
    expect(sent.location).toBe(`/alerts/${id}?done=sampled`);
    expect((await browser.get(sent.location ?? "")).html).toContain("The sample notice was delivered");
    answer = err("http_404");
    const failed = await browser.submit(`/alerts/${id}/test`);
    expect([failed.status, failed.html.includes("the target responded with 404")]).toEqual([422, true]);
  });

  it("disables and enables it, and deletes it after confirmation", async () => {
    const browser = await signedIn();
    const id = await browser.make();
    await browser.submit(`/alerts/${id}/disable`);
    expect((await browser.read(id))["enabled"]).toBe(false);
    await browser.submit(`/alerts/${id}/enable`);
    expect((await browser.read(id))["enabled"]).toBe(true);
    expect((await browser.submit(`/alerts/${id}/delete`)).html).toContain("disable the alert first");
    const deleted = await browser.submit(`/alerts/${id}/delete`, { confirm: "yes" });
    expect(deleted.location).toBe("/alerts?done=deleted");
    expect((await browser.get(`/alerts/${id}`)).status).toBe(404);
  });

  it("shows its state and its unsent notice", async () => {
    const browser = await signedIn();
    const id = await browser.make();
    await stands(id, { ...FIRING, ...UNSENT });
    const { html } = await browser.get(`/alerts/${id}`);
    for (const words of ["firing", "7 dead", "notice failed", "the target responded with 404", "opened, next try"])
      expect(html).toContain(words);
    expect(html).toContain(new Date(HOUR_AGO).toISOString());
  });

  it("shows a name that is a script as text", async () => {
    const browser = await signedIn();
    const id = await browser.make({ name: "<script>alert(1)</script>" });
    for (const path of ["/alerts", `/alerts/${id}`, `/alerts/${id}/edit`]) {
      const { html } = await browser.get(path);
      expect(html).not.toContain("<script>alert");
      expect(html).toContain("&lt;script&gt;");
    }
  });
});

describe("the list of alerts", () => {
  it("explains the first step while it is empty", async () => {
    const browser = await signedIn();
    const { html } = await browser.get("/alerts");
    expect(html).toContain("No alerts yet");
    expect(html).toContain('href="/alerts/new"');
    expect(html).toContain("curl -g http://sluice.test/api/v1/alerts");
  });

  it("shows which alerts fire, since when, with which value, and which are disabled", async () => {
    const browser = await signedIn();
    const [firing, off] = [await browser.make({ name: "Fires" }), await browser.make({ name: "Off", enabled: false })];
    await stands(firing, FIRING);
    const { html } = await browser.get("/alerts");
    const row = (id: string) =>
      html.slice(html.indexOf(`id="${id}"`), html.indexOf("</tr>", html.indexOf(`id="${id}"`)));
    for (const words of ["Fires", "firing", "7 dead", "any dead letter within 1 h", "Slack"])
      expect(row(firing)).toContain(words);
    expect(row(off)).toContain("disabled");
    expect(html).not.toContain("planted-address");
  });
});

describe("the overview", () => {
  it("begins with alerts that fire or whose notices fail, if there are any", async () => {
    const browser = await signedIn();
    const [firing, unsent] = [await browser.make({ name: "Fires" }), await browser.make({ name: "Unsent" })];
    await browser.make({ name: "Quiet" });
    expect((await browser.get("/")).html).not.toContain("Needs attention");
    await stands(firing, FIRING);
    await stands(unsent, UNSENT);
    const { html } = await browser.get("/");
    const section = html.slice(
      html.indexOf("Needs attention"),
      html.indexOf("</section>", html.indexOf("Needs attention")),
    );
    expect(section).toContain(`href="/alerts/${firing}"`);
    expect(section).toContain(`href="/alerts/${unsent}"`);
    expect(section).toContain("7 dead");
    expect(section).not.toContain("Quiet");
  });
});
