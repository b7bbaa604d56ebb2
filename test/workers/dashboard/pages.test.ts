import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { createClient } from "../api/harness.ts";
import { createRoute, createWorld } from "../harness.ts";
import { createBrowser, csrfOf, ORIGIN } from "./harness.ts";

const browser = createBrowser();
const world = createWorld();

const send = async (slug: string, init: RequestInit = {}, rest = ""): Promise<string> => {
  const accepted = await world.accept(`/in/${slug}${rest}`, init);
  if (!accepted.ok || accepted.value.kind !== "event") throw new Error("not accepted");
  await world.turn();
  return accepted.value.id;
};

beforeAll(async () => {
  await browser.signIn();
});

describe("the overview", () => {
  it("explains the first steps while there is no traffic", async () => {
    const { html } = await browser.get("/");
    expect(html).toContain('href="/sources/new"');
    expect(html).toContain("Your first delivery in three steps");
  });

  it("shows destinations with their state, and the queues", async () => {
    const { destinationIds } = await createRoute([{ rate_limit: { limit: 7, period_seconds: 1 } }]);
    const record = await env.DB.prepare("SELECT slug FROM destinations WHERE id = ?1")
      .bind(destinationIds[0])
      .first<{ slug: string }>();
    const { status, html } = await browser.get("/?range=7d");
    expect(status).toBe(200);
    expect(html).toContain(`href="/destinations/${record?.slug}"`);
    expect(html).toContain("7 / s");
    expect(html).toMatch(/Queues[\s\S]*Database: /);
  });
});

describe("the list of events", () => {
  it("shows the command that sends the first event", async () => {
    await createRoute();
    const newest = await env.DB.prepare("SELECT slug FROM sources ORDER BY id DESC LIMIT 1").first<{ slug: string }>();
    const { html } = await browser.get("/events");
    expect(html).toContain("No events yet");
    expect(html).toContain(`curl -g ${ORIGIN}/in/${newest?.slug}`);
  });

  it("finds events by source, header, path and body text, in either case", async () => {
    const { slug } = await createRoute();
    const wanted = await send(
      slug,
      { body: `{"customer":"Ada Löwe"}`, headers: { "x-trace": "Trace-4711" } },
      "/orders?region=north",
    );
    const other = await send(slug, { body: `{"customer":"Bob"}` });
    for (const q of ["ada", "Löwe", "trace-4711", "/orders", "region=NORTH"]) {
      const { html } = await browser.get(`/events?q=${encodeURIComponent(q)}`);
      expect(html).toContain(`id="${wanted}"`);
      expect(html).not.toContain(`id="${other}"`);
    }
    const { html } = await browser.get(`/events?q=${slug.toUpperCase()}`);
    expect([html.includes(`id="${wanted}"`), html.includes(`id="${other}"`)]).toEqual([true, true]);
    const elsewhere = await send((await createRoute()).slug);
    expect((await browser.get(`/events?q=${slug}`)).html).not.toContain(`id="${elsewhere}"`);
    expect((await browser.get("/events?q=nowhere-to-be-found")).html).toContain("No matching events.");
  });

  it("redirects to the event or delivery if its id is searched", async () => {
    const { slug } = await createRoute();
    const id = await send(slug);
    expect((await browser.get(`/events?q=+${id}+`)).location).toBe(`/events/${id}`);
    const delivery = String((await world.deliveries()).find((row) => row.id.startsWith(`dlv_${id.slice(4)}`))?.["id"]);
    expect((await browser.get(`/events?q=${delivery}`)).location).toBe(`/events/${id}#${delivery}`);
    expect((await browser.get(`/deliveries/${delivery}`)).location).toBe(`/events/${id}#${delivery}`);
  });

  it("shows the error of a filter next to its field", async () => {
    const { status, html } = await browser.get("/events?from=yesterday");
    expect(status).toBe(422);
    expect(html).toMatch(/id="from"[^>]*aria-invalid="true"[^>]*aria-describedby="from-error"/);
    expect(html).toContain('value="yesterday"');
  });

  it("shows the events of a range selected on the histogram, and the histogram of that range", async () => {
    const { slug } = await createRoute();
    const id = await send(slug);
    const at = (ms: number): string => new Date(ms).toISOString();
    const hour = Math.floor(world.now() / 3_600_000) * 3_600_000;
    const within = await browser.get(`/events?from=${at(hour)}&to=${at(hour + 3_600_000)}`);
    expect(within.html).toContain(`id="${id}"`);
    expect(within.html).toMatch(
      new RegExp(`data-from="${at(hour)}"[^>]*data-to="${at(hour + 3_600_000)}"[^>]*data-bars="60"`),
    );
    const before = await browser.get(`/events?from=${at(hour - 10_800_000)}&to=${at(hour)}`);
    expect([before.status, before.html.includes("No matching events.")]).toEqual([200, true]);
    expect(before.html).toContain('data-bars="36"');
  });

  it("filters by status and source", async () => {
    const { slug } = await createRoute();
    const id = await send(slug);
    expect((await browser.get(`/events?source=${slug}&status=delivered`)).html).toContain(`id="${id}"`);
    expect((await browser.get(`/events?source=${slug}&status=dead`)).html).not.toContain(`id="${id}"`);
  });
});

describe("an event's page", () => {
  it("shows the request, the attempts and the curl command, all of it inert", async () => {
    const { slug } = await createRoute();
    world.onRequest(() => ({ status: 500, body: "<b>boom</b>", headers: { "x-answer": "<i>" } }));
    const id = await send(
      slug,
      { body: `{"a":"it's <script>","n":12345678901234567890}`, headers: { "x-evil": `"><script>` } },
      "/x?y='",
    );
    world.onRequest(() => ({ status: 200 }));
    const { html } = await browser.get(`/events/${id}`);
    expect(html).toContain("First attempt: HTTP 500");
    expect(html).toContain("&lt;b&gt;boom&lt;/b&gt;");
    expect(html).toContain("x-answer: &lt;i&gt;");
    expect(html).toMatch(/Headers, as received[\s\S]*x-evil: &quot;&gt;&lt;script&gt;/);
    // Formatted without rounding numbers.
    expect(html).toContain("&quot;n&quot;: 12345678901234567890");
    expect(html).toContain(`--data-raw &#39;{&quot;a&quot;:&quot;it&#39;\\&#39;&#39;s &lt;script&gt;`);
    expect(html).toContain(`/in/${slug}/x?y=`);
    expect(html).not.toMatch(/<script(?! type="module" src="\/assets\/sluice.js")/);
    expect(html).toMatch(/data-kind="until"/);
    const body = await browser.get(`/events/${id}/body`);
    expect(body.html).toBe(`{"a":"it's <script>","n":12345678901234567890}`);
    expect(body.headers.get("content-disposition")).toContain("attachment");
    expect(body.headers.get("content-type")).toBe("application/octet-stream");
    expect(body.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  it("exists as soon as the sender has its response", async () => {
    const { slug } = await createRoute();
    const accepted = await world.accept(`/in/${slug}`);
    if (!accepted.ok || accepted.value.kind !== "event") throw new Error("not accepted");
    // The ids of this world are signed with another key than the deployment's.
    const proven = createBrowser();
    await proven.signIn();
    const id = `${accepted.value.id.slice(0, -1)}9`;
    const { status, html } = await proven.get(`/events/${id}`);
    expect(status).toBe(200);
    expect(html).toContain("Stored in the queue");
    await world.turn();
  });

  it("retries, replays and cancels through the API, and cancels only after confirmation", async () => {
    const { slug } = await createRoute([{ retry: { schedule_seconds: [3_600] } }]);
    world.onRequest(() => ({ status: 500 }));
    const id = await send(slug);
    world.onRequest(() => ({ status: 200 }));
    const { html } = await browser.get(`/events/${id}`);
    const csrf = csrfOf(html);
    const delivery = /action="\/deliveries\/(dlv_[0-9a-z]+)\/retry"/.exec(html)?.[1] ?? "";
    expect((await browser.post(`/events/${id}/replay`, { _csrf: csrf })).location).toBe(`/events/${id}?done=replayed`);
    const asked = await browser.post(`/deliveries/${delivery}/cancel`, { _csrf: csrf });
    expect([asked.status, asked.html]).toEqual([200, expect.stringContaining("Cancel this delivery?")]);
    const statusOf = async (): Promise<unknown> =>
      (await world.deliveries()).find((row) => row.id === delivery)?.["status"];
    expect(await statusOf()).toBe("retrying");
    expect((await browser.post(`/deliveries/${delivery}/retry`, { _csrf: csrf })).location).toBe(
      `/events/${id}?done=retried`,
    );
    expect(await statusOf()).toBe("pending");
    const done = await browser.post(`/deliveries/${delivery}/cancel`, { _csrf: csrf, confirm: "yes" });
    expect([done.location, await statusOf()]).toEqual([`/events/${id}?done=cancelled`, "cancelled"]);
    const late = await browser.post(`/deliveries/${delivery}/retry`, { _csrf: csrf });
    expect([late.status, late.html]).toEqual([409, expect.stringContaining("The delivery is cancelled")]);
  });

  it("returns only to pages of this host", async () => {
    const { slug } = await createRoute();
    const id = await send(slug);
    const csrf = await browser.csrf();
    const location = async (back: string) =>
      (await browser.post(`/events/${id}/replay`, { _csrf: csrf, back })).location;
    expect(await location("/dead-letters?x=1")).toBe("/dead-letters?x=1&done=replayed");
    expect(await location("//evil.test")).toBe(`/events/${id}?done=replayed`);
  });

  it("answers 404 for an unknown event", async () => {
    expect((await browser.get("/events/evt_nothing")).status).toBe(404);
    expect((await browser.get("/deliveries/dlv_nothing")).status).toBe(404);
  });
});

it("a connection's filter and transform are tested on its source's latest event unless another is entered", async () => {
  const { slug, connectionIds } = await createRoute();
  const empty = await browser.get(`/connections/${connectionIds[0]}/edit`);
  expect(empty.html).not.toMatch(/id="try_event"[^>]*value="evt/);
  await send(slug);
  const latest = await send(slug);
  const { html } = await browser.get(`/connections/${connectionIds[0]}/edit`);
  expect(html).toMatch(new RegExp(`id="try_event"[^>]*value="${latest}"`));
});

it("the ledger shows the balance hour by hour", async () => {
  const { html } = await browser.get("/ledger");
  expect(html).toContain("balanced");
});

it("the WebSocket accepts only signed-in pages of this host", async () => {
  const upgrade = { upgrade: "websocket" };
  expect((await browser.get("/live", { ...upgrade, origin: ORIGIN })).html).toBe("watched");
  expect((await browser.get("/live", { ...upgrade, origin: "https://evil.test" })).status).toBe(426);
  expect((await browser.get("/live")).status).toBe(426);
  expect((await createBrowser().get("/live", { ...upgrade, origin: ORIGIN })).status).toBe(303);
});

describe("the overview's figures", () => {
  const tileOf = (html: string, name: string): string =>
    new RegExp(`<div class="name">${name}</div><div class="value">(.*?)</div>(?:<div class="aside">(.*?)</div>)?</div>`)
      .exec(html)
      ?.slice(1)
      .join(" | ")
      .replace(/<[^>]+>/g, "") ?? "";

  it("show throughput, success rate, latency, dead letters, the ledger, each queue and each destination", async () => {
    await env.DB.batch(["counters", "marks"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
    const now = world.now();
    const good = await createRoute([{ rate_limit: { limit: 7, period_seconds: 1 } }]);
    const bad = await createRoute([{ retry: { schedule_seconds: [] } }]);
    world.onRequest(() => ({ status: 200, durationMs: 40 }));
    for (let n = 0; n < 3; n++) await send(good.slug);
    world.onRequest(() => ({ status: 500 }));
    await send(bad.slug);
    world.onRequest(() => ({ status: 200 }));
    const client = createClient({
      now: world.now,
      backlogs: async () => [{ name: "events", backlog_count: 1_234, backlog_bytes: 5_000, oldest_at: now - 61_000 }],
    });
    const viewer = createBrowser({ client, now: world.now });
    await viewer.signIn();
    const { html } = await viewer.get("/?range=1h");
    expect(tileOf(html, "Events accepted")).toMatch(/^4 \| 0\.0667 per minute, /);
    expect(tileOf(html, "Success rate")).toBe("75 % | 3 delivered, 1 failed attempts");
    expect(tileOf(html, "Delivery latency")).toMatch(/^\d+ ms \| p95 \d+ ms, p99 \d+ ms$/);
    expect(tileOf(html, "Dead letters")).toBe("1 | View");
    expect(tileOf(html, "Ledger")).toMatch(/^balanced \|/);
    const queue = rowOf(html, "queue-events");
    expect(queue).toContain("1,234");
    expect(queue).toContain(`datetime="${new Date(now - 61_000).toISOString()}"`);
    const healthy = rowOf(html, good.destinationIds[0] ?? "");
    for (const shown of ["healthy", "<polyline", "100 %", "7 / s"]) expect(healthy).toContain(shown);
    const failing = rowOf(html, bad.destinationIds[0] ?? "");
    for (const shown of ["failing", "0 %"]) expect(failing).toContain(shown);
  });

  it("show a destination as failing on every page if its attempts fail in a way that no circuit counts", async () => {
    const { slug, destinationIds } = await createRoute([{ retry: { schedule_seconds: [] } }]);
    world.onRequest(() => ({ status: 404 }));
    await send(slug);
    world.onRequest(() => ({ status: 200 }));
    const id = destinationIds[0] ?? "";
    // The gate counts no failures.
    const inspectGate = async () => ({ circuit: "closed", consecutive_failures: 0 }) as never;
    const viewer = createBrowser({ client: createClient({ now: world.now, inspectGate }), now: world.now });
    await viewer.signIn();
    expect(rowOf((await viewer.get("/")).html, id)).toContain("failing");
    expect(rowOf((await viewer.get("/destinations")).html, id)).toContain("failing");
    const { html } = await viewer.get(`/destinations/${id}`);
    expect(html).toMatch(/<dt>State<\/dt><dd><span class="badge warn">.*?failing/);
    expect(html).toMatch(/<dt>Waiting<\/dt><dd>none<\/dd>.*<dt>Dead letters<\/dt><dd>1<\/dd>/);
  });

  const rowOf = (html: string, id: string): string =>
    new RegExp(`<tr[^>]*id="${id}".*?</tr>`, "s").exec(html)?.[0] ?? "";
});
