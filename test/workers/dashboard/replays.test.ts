// Bulk replays in the dashboard, on real D1; the test delivers the queue's messages.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { replayMessage } from "../../../src/delivery/index.ts";
import { createClient } from "../api/harness.ts";
import { createRoute, createWorld } from "../harness.ts";
import { createBrowser } from "./harness.ts";

/** A destination with dead letters that accepts requests again, and a signed-in browser. */
async function withDead(number: number) {
  const world = createWorld();
  const { slug, destinationIds, connectionIds } = await createRoute(
    [{ retry: { schedule_seconds: [] }, circuit: null }],
    { event_type: { header: "x-type" } },
  );
  world.onRequest(() => ({ status: 500, durationMs: 1 }));
  for (let index = 0; index < number; index++) {
    await world.accept(`/in/${slug}`, { body: String(index), headers: { "x-type": "order.paid" } });
    world.advance(1);
  }
  await world.drain();
  world.onRequest(() => ({ status: 200, durationMs: 1 }));
  world.requests.length = 0;
  world.advance(1_000);
  const client = createClient({
    now: world.now,
    startReplay: (id) => world.consumer.sendOn(replayMessage(id, 0), 0),
  });
  const browser = createBrowser({ client, now: world.now });
  await browser.signIn();
  const [destination = ""] = destinationIds;
  const plan = (fields: Record<string, string> = {}) =>
    `/replays/plan?${new URLSearchParams({ status: "dead", destination, ...fields }).toString()}`;
  const startRun = async (fields: Record<string, string> = {}): Promise<string> =>
    ((await browser.fill(plan(fields), "/replays")).location ?? "").split("?")[0] ?? "";
  return { world, browser, slug, name: `${slug}-0`, destination, connection: connectionIds[0] ?? "", plan, startRun };
}

const runs = async (): Promise<number> =>
  (await env.DB.prepare("SELECT COUNT(*) AS n FROM replays").first<{ n: number }>())?.n ?? 0;
/** The values on a replay's page, by label. */
const facts = (html: string): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<dt>([^<]*)<\/dt><dd>(.*?)<\/dd>/g)].map(([, label, value]) => [
      label,
      (value ?? "").replaceAll(/<[^>]*>/g, ""),
    ]),
  );

describe("the page of replays", () => {
  it("explains the first step while there are none, and is in the menu", async () => {
    await env.DB.prepare("DELETE FROM replays").run();
    const browser = createBrowser();
    await browser.signIn();
    const { status, html } = await browser.get("/replays");
    expect(status).toBe(200);
    expect(html).toContain("No replays yet");
    expect(html).toContain(`<a class="button primary" href="/replays/new">`);
    expect(html).toMatch(/<a href="\/replays" aria-current="page">/);
    expect((await browser.get("/events")).html).toContain(`<a href="/replays">`);
  });

  it("lists each replay with its filter, numbers, pace and state", async () => {
    const { browser, world, name, startRun } = await withDead(3);
    const path = await startRun({ rate_per_second: "20", from: "2026-11-01T00:00:00Z" });
    const row = async (): Promise<string> =>
      new RegExp(`<tr role="row" id="${path.slice("/replays/".length)}".*?</tr>`).exec(
        (await browser.get("/replays")).html,
      )?.[0] ?? "";
    const before = await row();
    expect(before).toContain(`<a href="${path}">Dead letters to ${name}</a>`);
    expect(before).toContain(`datetime="2026-11-01T00:00:00.000Z"`);
    expect(before).toContain("20/s");
    expect(before).toContain("running");
    expect(before).toContain(`aria-valuetext="0 of 3 have ended, 0 failed"`);
    await world.drain();
    const after = await row();
    expect(after).toContain(">done</span>");
    expect(after).toContain(`aria-valuetext="3 of 3 have ended, 0 failed"`);
    expect(after).toContain("3 matched, 3 queued, 3 done, 0 failed");
  });

  it("is linked from the audit log", async () => {
    const { browser, startRun } = await withDead(1);
    const path = await startRun();
    expect((await browser.get("/settings/audit?kind=replay")).html).toContain(`<a href="${path}">`);
  });
});

describe("a new replay", () => {
  it("shows a plan before it starts: how many, how long, a sample; the plan creates nothing", async () => {
    const { browser, plan, name } = await withDead(7);
    const before = await runs();
    const { status, html } = await browser.get(plan({ rate_per_second: "0.5" }));
    expect(status).toBe(200);
    expect(facts(html)).toMatchObject({
      Replays: `Dead letters to ${name}`,
      Number: "7 deliveries",
      Pace: "up to 0.5 per second",
    });
    expect(facts(html)["Takes"]).toMatch(/^at least 14 s/);
    expect(html).toContain("The first 5");
    expect(html.match(/<tr role="row" id="dlv_/g)).toHaveLength(5);
    expect(html).not.toContain("been delivered before");
    expect(await runs()).toBe(before);
  });

  it("takes its filter from the form: requested values are preselected, and every field reaches the replay", async () => {
    const { browser, plan, destination, connection, slug, startRun } = await withDead(2);
    const filter = {
      source: slug,
      connection,
      from: "2026-11-23T00:00:00Z",
      // As a form without JavaScript sends it.
      to: "2026-11-30T00:00",
      type: "order.paid",
      rate_per_second: "7",
    };
    const { html } = await browser.get(plan(filter).replace("/plan?", "/new?"));
    expect(html).toMatch(new RegExp(`name="destination"[^>]* value="${slug}-0"`));
    expect(html).toMatch(new RegExp(`name="connection"[^>]* value="${slug}-0"`));
    expect(html).toMatch(/<option value="dead" selected/);
    expect(html).toMatch(/name="from" type="datetime-local" value="2026-11-23T00:00:00"/);
    expect(html).toContain(`value="7"`);
    expect(html).toMatch(/name="type"[^>]*value="order.paid"/);
    const id = (await startRun(filter)).slice("/replays/".length);
    const { json } = await browser.client.call("GET", `/replays/${id}`);
    expect(json).toMatchObject({
      matched: 2,
      rate_per_second: 7,
      filter: {
        status: "dead",
        destination,
        connection,
        type: "order.paid",
        from: "2026-11-23T00:00:00.000Z",
        to: "2026-11-30T00:00:00.000Z",
      },
    });
    expect(json.filter.source).toMatch(/^src_/);
  });

  it("starts once, however often the button is pressed", async () => {
    const { browser, plan } = await withDead(1);
    const { html } = await browser.get(plan());
    const fields = Object.fromEntries(
      [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
        name,
        value,
      ]),
    ) as Record<string, string>;
    const before = await runs();
    const first = await browser.post("/replays", fields);
    const second = await browser.post("/replays", fields);
    expect(first.location).toMatch(/^\/replays\/rpl_\w+\?done=started$/);
    expect(second.location).toBe(first.location);
    expect(await runs()).toBe(before + 1);
  });

  it("warns if receivers would get deliveries a second time", async () => {
    const { browser, world, plan, startRun } = await withDead(1);
    await startRun();
    await world.drain();
    world.advance(1_000);
    expect((await browser.get(plan({ status: "delivered" }))).html).toContain("These have been delivered before");
    expect((await browser.get(plan({ status: "any" }))).html).toContain("Some of these may have been delivered before");
  });

  it("says so if nothing matches, and cannot be started", async () => {
    const { browser, plan } = await withDead(1);
    const { html } = await browser.get(plan({ status: "cancelled" }));
    expect(html).toContain("Nothing to replay");
    expect(html).not.toContain(`action="/replays"`);
  });

  it("shows errors next to the field and keeps the values", async () => {
    const { browser, plan, slug } = await withDead(1);
    const { status, html } = await browser.get(plan({ rate_per_second: "lots", from: "yesterday" }));
    expect(status).toBe(422);
    expect(html).toMatch(/id="rate_per_second"[^>]*value="lots"[^>]*aria-invalid="true"/);
    expect(html).toMatch(/id="from"[^>]*value="yesterday"[^>]*aria-invalid="true"/);
    expect(html).toMatch(new RegExp(`name="destination"[^>]* value="${slug}-0"`));
  });

  it("refuses a read-only token", async () => {
    const { browser, plan } = await withDead(1);
    const { json } = await browser.client.call("POST", "/tokens", { name: "reader", scope: "read" });
    await browser.signIn(json.token);
    expect((await browser.get("/replays")).status).toBe(200);
    const { status, html } = await browser.get(plan());
    expect(status).toBe(422);
    expect(html).toContain("This needs a token of scope write");
  });
});

describe("the page of a replay", () => {
  it("shows the progress to the end, with the failures", async () => {
    const { browser, world, startRun, name, destination } = await withDead(12);
    const path = await startRun({ rate_per_second: "2" });
    const started = await browser.get(`${path}?done=started`);
    expect(started.html).toContain("Started.");
    expect(started.html).toContain(`<h1 id="title" data-live="">Dead letters to ${name}</h1>`);
    expect(started.html).toMatch(/id="run" data-live="true" data-poll=""/);
    expect(started.html).toContain("<noscript>");
    // The first piece: five seconds' worth.
    await world.turn();
    for (let turn = 0; turn < 3; turn++) {
      world.advance(1_500);
      await world.turn();
    }
    world.advance(1_000);
    world.onRequest(() => ({ status: 500, durationMs: 1 }));
    const halfway = await browser.get(path);
    expect(facts(halfway.html)).toMatchObject({ Matched: "12", Queued: "10", "Failed again": "0" });
    const delivered = Number(facts(halfway.html)["Delivered"]);
    expect(delivered).toBeGreaterThan(0);
    expect(delivered).toBeLessThan(12);
    expect(halfway.html).toMatch(/about \S+ (s|min) remaining/);
    await world.drain();
    const { html } = await browser.get(path);
    expect(facts(html)).toMatchObject({ Queued: "12", Delivered: String(delivered) });
    expect(facts(html)["Failed again"]).toBe(`${12 - delivered} · dead letters`);
    expect(html).toContain(`href="/dead-letters?destination=${destination}"`);
    expect(html).not.toContain("data-poll");
    expect(html).not.toContain("/cancel");
  });

  it("cancels the replay only after confirmation", async () => {
    const { browser, world, startRun } = await withDead(2);
    const path = await startRun();
    const _csrf = await browser.csrf(path);
    const asked = await browser.post(`${path}/cancel`, { _csrf });
    expect(asked.html).toContain("Cancel this replay?");
    expect((await browser.get(path)).html).toContain(">running</span>");
    const done = await browser.post(`${path}/cancel`, { _csrf, confirm: "yes" });
    expect(done.location).toBe(`${path}?done=stopped`);
    const { html } = await browser.get(path);
    expect(html).toContain(">cancelled</span>");
    expect(html).toContain("not queued <b>2</b>");
    await world.drain();
    expect(world.requests).toHaveLength(0);
    expect((await browser.post(`${path}/cancel`, { _csrf, confirm: "yes" })).status).toBe(409);
  });

  it("links to the plan of the same replay", async () => {
    const { browser, world, startRun, plan } = await withDead(1);
    const path = await startRun({ rate_per_second: "3" });
    await world.drain();
    const again = plan({ rate_per_second: "3" }).replaceAll("&", "&amp;");
    expect((await browser.get(path)).html).toContain(`href="${again}" data-retry`);
  });

  it("is an error page for an unknown replay", async () => {
    const browser = createBrowser();
    await browser.signIn();
    expect((await browser.get("/replays/rpl_nothing")).status).toBe(404);
  });
});
