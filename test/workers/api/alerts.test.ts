// Alerts through the API: accepted and refused input, and what answers show.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { err, ok } from "../../../src/kernel/result.ts";
import type { Notice } from "../../../src/model/alert.ts";
import { configPlace, createVault, workerSecret } from "../../../src/signing/index.ts";
import { resealSecrets } from "../../../src/worker/ports/sweep.ts";
import { createLogger } from "../../../src/telemetry/index.ts";
import { createClient, unique } from "./harness.ts";

const notices: Notice[] = [];
let answer: Awaited<ReturnType<NonNullable<Parameters<typeof createClient>[0]>["notifyAlert"] & object>> = ok(200);
const { call } = createClient({ notifyAlert: async (_alert, notice) => (notices.push(notice), answer) });
const rule = { type: "dead_letters", threshold: 5 };
const slack = { type: "slack", url: "https://hooks.slack.com/services/planted-token" };
const create = (change: Record<string, unknown> = {}) =>
  call("POST", "/alerts", { name: unique("alert"), rule, target: slack, ...change });
const made = async (change: Record<string, unknown> = {}) => {
  const { status, json, text } = await create(change);
  expect([status, status === 201 ? "" : text]).toEqual([201, ""]);
  return json;
};

describe("an alert through the API", () => {
  it("is created, read, listed, changed and deleted, with an audit entry for each change", async () => {
    const alert = await made();
    expect(alert).toMatchObject({
      id: expect.stringMatching(/^alr_[0-9a-z]{26}$/),
      enabled: true,
      severity: "error",
      rule: { type: "dead_letters", threshold: 5, window_seconds: 3_600 },
      source: null,
      destination: null,
      for_seconds: 0,
      resolve_after_seconds: 120,
      repeat_minutes: 60,
      state: "ok",
      since: null,
      value: null,
      last_sent_at: null,
      last_error: null,
      unsent: null,
    });
    const path = `/alerts/${alert.id}`;
    expect((await call("GET", path)).json).toEqual(alert);
    expect((await call("GET", "/alerts?limit=1")).json.data).toEqual([alert]);
    const changed = await call("PATCH", path, { rule: { type: "circuit_open" }, enabled: false });
    expect(changed.json).toMatchObject({ rule: { type: "circuit_open" }, enabled: false, name: alert.name });
    expect((await call("DELETE", path)).status).toBe(204);
    expect((await call("GET", path)).status).toBe(404);
    const audit = (await call("GET", `/audit?resource=${alert.id}`)).json.data;
    expect(audit.map((entry) => [entry.kind, entry.action, entry.changed])).toEqual([
      ["alert", "delete", []],
      ["alert", "update", ["/enabled", "/rule/type", "/rule/threshold", "/rule/window_seconds"]],
      ["alert", "create", []],
    ]);
  });

  it("stores URLs and keys encrypted, shows the host, and accepts its own answer as input [G8]", async () => {
    const pagerduty = { type: "pagerduty", routing_key: "planted-routing-key" };
    const [chat, pager] = [await made(), await made({ target: pagerduty })];
    expect(chat.target).toEqual({ type: "slack", host: "hooks.slack.com", secrets_set: { url: "sealed" } });
    expect(pager.target).toEqual({
      type: "pagerduty",
      host: "events.pagerduty.com",
      secrets_set: { routing_key: "sealed" },
    });
    for (const alert of [chat, pager]) {
      const path = `/alerts/${alert.id}`;
      const kept = await call("PATCH", path, { target: alert.target, name: "New name" });
      expect([kept.status, kept.json.target]).toEqual([200, alert.target]);
      const other = await call("PATCH", path, { target: { type: "discord" } });
      expect([other.status, other.json.errors?.[0]?.pointer]).toEqual([422, "/target/url"]);
    }
    const texts = [
      (await call("GET", "/alerts")).text,
      (await call("GET", "/audit")).text,
      JSON.stringify((await env.DB.prepare("SELECT * FROM alerts").all()).results),
    ];
    for (const text of texts) expect(text).not.toContain("planted-");
  });

  it("may refer to a secret of the Worker for its key", async () => {
    const { target } = await made({ target: { type: "pagerduty", routing_key: { secret: "PARTNER_TOKEN" } } });
    expect(target).toMatchObject({ secrets_set: { routing_key: { secret: "PARTNER_TOKEN" } } });
  });

  it("accepts the id or slug of a source or destination, and shows both", async () => {
    const slug = unique("dst");
    const { json } = await call("POST", "/destinations", { slug, url: "https://api.example.com/" });
    const alert = await made({ destination: slug });
    expect(alert).toMatchObject({ destination: json.id, destination_slug: slug, source_slug: null });
    const freed = await call("PATCH", `/alerts/${alert.id}`, { destination: null });
    expect(freed.json).toMatchObject({ destination: null, destination_slug: null });
  });

  it.each([
    [{ name: undefined }, "/name"],
    [{ rule: undefined }, "/rule"],
    [{ rule: { type: "moon_phase" } }, "/rule/type"],
    [{ rule: { type: "success_rate" } }, "/rule/below"],
    [{ rule: { type: "success_rate", below: 95 } }, "/rule/below"],
    [{ rule: { type: "dead_letters", window_seconds: 90_000 } }, "/rule/window_seconds"],
    [{ rule: { type: "backlog", threshold: 100_000 } }, "/rule/threshold"],
    [{ rule: { type: "circuit_open", threshold: 1 } }, "/rule/threshold"],
    [{ source: "nowhere" }, "/source"],
    [{ destination: 7 }, "/destination"],
    [{ severity: "bad" }, "/severity"],
    [{ repeat_minutes: 0 }, "/repeat_minutes"],
    [{ state: "firing" }, "/state"],
    [{ target: undefined }, "/target"],
    [{ target: { type: "fax" } }, "/target/type"],
    [{ target: { type: "slack" } }, "/target/url"],
    [{ target: { type: "slack", url: "ftp://x.example.com/" } }, "/target/url"],
    [{ target: { type: "slack", url: "http://sluice.test/in/shop" } }, "/target/url"],
    [{ target: { type: "slack", url: `https://x.example.com/${"a".repeat(2_048)}` } }, "/target/url"],
    [{ target: { type: "slack", url: { secret: "NOWHERE" } } }, "/target/url/secret"],
    [{ target: { type: "pagerduty" } }, "/target/routing_key"],
    [{ target: { ...slack, routing_key: "x" } }, "/target/routing_key"],
  ])("with invalid input gets a 422 that names the field, and nothing is stored [G12]: %j", async (change, pointer) => {
    const before = (await env.DB.prepare("SELECT COUNT(*) AS n FROM alerts").first<{ n: number }>())?.n;
    const { status, json } = await create(change);
    expect(status).toBe(422);
    expect(json.errors?.map((error) => error.pointer)).toContain(pointer);
    expect((await env.DB.prepare("SELECT COUNT(*) AS n FROM alerts").first<{ n: number }>())?.n).toBe(before);
  });

  it("on the database watches no single destination, and fires at 70 % unless another percentage is given", async () => {
    const slug = unique("dst");
    await call("POST", "/destinations", { slug, url: "https://orders.example.com/hook" });
    const { status, json } = await create({ rule: { type: "storage" }, destination: slug });
    expect([status, json.errors?.[0]?.pointer]).toEqual([422, "/destination"]);
    expect((await made({ rule: { type: "storage" } })).rule).toEqual({ type: "storage", percent: 70 });
  });

  it("on waiting deliveries cannot watch a single source", async () => {
    const slug = unique("src");
    await call("POST", "/sources", { slug });
    const { status, json } = await create({ rule: { type: "backlog", threshold: 1 }, source: slug });
    expect([status, json.errors?.[0]?.pointer]).toEqual([422, "/source"]);
    await made({ source: slug });
  });

  it("with a private address is refused in production [G10]", async () => {
    const { readSettings } = await import("../../../src/config/env.ts");
    const strict = createClient({ settings: { ...readSettings(env), allowPrivate: false } });
    for (const url of ["http://ops.example.com/", "https://10.0.0.1/", "https://localhost/x"]) {
      const { status, json } = await strict.call("POST", "/alerts", {
        name: "x",
        rule,
        target: { type: "webhook", url },
      });
      expect([status, json.errors?.[0]?.pointer]).toEqual([422, "/target/url"]);
    }
  });

  it("with a webhook needs a signing key", async () => {
    const unsigned = createClient({ callbackSecrets: async () => [] });
    const target = { type: "webhook", url: "https://ops.example.com/" };
    const refused = await unsigned.call("POST", "/alerts", { name: "x", rule, target });
    expect([refused.status, refused.json.errors?.[0]?.pointer]).toEqual([422, "/target/type"]);
    expect((await unsigned.call("POST", "/alerts", { name: "x", rule, target: slack })).status).toBe(201);
  });

  it("sends a test notice, to PagerDuty with its resolution, and returns the outcome", async () => {
    const [chat, pager] = [await made(), await made({ target: { type: "pagerduty", routing_key: "k" } })];
    notices.length = 0;
    expect((await call("POST", `/alerts/${chat.id}/test`)).json).toEqual({
      delivered: true,
      response_status: 200,
      error: null,
    });
    await call("POST", `/alerts/${pager.id}/test`);
    expect(notices.map(({ kind }) => kind)).toEqual(["test", "test", "resolved"]);
    expect(notices[1]?.incident).toBe(notices[2]?.incident);
    answer = err("http_404");
    expect((await call("POST", `/alerts/${pager.id}/test`)).json).toEqual({
      delivered: false,
      response_status: null,
      error: "http_404",
    });
    answer = ok(200);
    expect((await call("GET", `/alerts/${chat.id}`)).json.state).toBe("ok");
    expect((await call("POST", "/alerts/alr_nothing/test")).status).toBe(404);
  });

  it("is encrypted again after a change of the master key", async () => {
    const alert = await made();
    const keys = { masterKey: btoa("another-master-key-of-32-bytes!!"), oldMasterKeys: [env.SLUICE_MASTER_KEY ?? ""] };
    const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length));
    const vault = createVault({ ...keys, randomBytes, secretNamed: (name) => workerSecret(env, name) });
    const reseal = resealSecrets(env.DB, vault, createLogger("silent"));
    while ((await reseal()) > 0);
    const row = await env.DB.prepare("SELECT spec FROM alerts WHERE id = ?").bind(alert.id).first<{ spec: string }>();
    const { target } = JSON.parse(row?.spec ?? "{}") as { target: { url: { sealed: string } } };
    const current = await vault.currentKeyId();
    expect(target.url.sealed.split(".")[1]).toBe(current.ok ? current.value : "");
    expect(await vault.openSecrets([target.url], configPlace(alert.id, "target/url"))).toEqual([slack.url]);
  });

  it("is refused when there are a hundred", async () => {
    const { results } = await env.DB.prepare("SELECT COUNT(*) AS n FROM alerts").all<{ n: number }>();
    for (let count = results[0]?.n ?? 0; count < 100; count++) await made();
    const { status, json } = await create();
    expect([status, json.code]).toEqual([422, "invalid"]);
  });
});
