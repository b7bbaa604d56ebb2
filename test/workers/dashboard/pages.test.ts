import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import type { SourceId } from "../../../src/model/ids.ts";
import { addRejections } from "../../../src/store/index.ts";
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
    expect(html).toContain("Your first delivery");
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
    const place = `/events/${id}?delivery=${delivery}#${delivery}`;
    expect((await browser.get(`/events?q=${delivery}`)).location).toBe(place);
    expect((await browser.get(`/deliveries/${delivery}`)).location).toBe(place);
  });

  it("shows the error of a filter next to its field", async () => {
    const { status, html } = await browser.get("/events?from=yesterday");
    expect(status).toBe(422);
    expect(html).toMatch(/id="from"[^>]*aria-invalid="true"[^>]*aria-describedby="from-error"/);
    expect(html).toContain('value="yesterday"');
    expect(textOf((await browser.get("/events?status=lost")).html)).toContain(
      "must be one of accepted, in progress, delivered",
    );
    for (const list of ["/events", "/deliveries"]) {
      const late = await browser.get(`${list}?from=2026-11-24T01:00&to=2026-11-24T00:00`);
      expect(late.status).toBe(422);
      expect(textOf(late.html)).toContain("must be before `to`");
      expect(late.html).toMatch(/id="from"[^>]*aria-invalid="true"/);
    }
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

  it("shows types, each a link to the events of that type, and filters by them", async () => {
    const { slug } = await createRoute([{}], { event_type: { json: "type" } });
    const [paid, other] = [await send(slug, { body: '{"type":"a&b <i>"}' }), await send(slug, { body: "{}" })];
    const all = (await browser.get(`/events?source=${slug}&cursor=`)).html;
    expect(all).toContain(`<a href="/events?source=${slug}&amp;type=a%26b+%3Ci%3E"`);
    expect(all).toContain(`<bdi>a&amp;b &lt;i&gt;</bdi>`);
    const { html } = await browser.get(`/events?source=${slug}&type=a%26b+%3Ci%3E`);
    expect([html.includes(`id="${paid}"`), html.includes(`id="${other}"`)]).toEqual([true, false]);
    expect(html).toContain(`value="a&amp;b &lt;i&gt;"`);
    expect((await browser.get(`/events/${paid}`)).html).toMatch(/<title>a&amp;b &lt;i&gt; · Sluice<\/title>/);
    expect((await browser.get(`/events/${other}`)).html).toContain("<title>POST / · Sluice</title>");
    const wrong = await browser.get(`/events?type=${"x".repeat(129)}`);
    expect(wrong.status).toBe(422);
    expect(wrong.html).toMatch(/id="type"[^>]*aria-invalid="true"/);
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
    expect(textOf(html)).toContain(`"n": 12345678901234567890`);
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

  it("replays an event that no connection took, and says why that cannot be done yet", async () => {
    const { slug, connectionIds } = await createRoute([{ connection: { filter: { body: { type: "paid" } } } }]);
    const id = await send(slug);
    const { html } = await browser.get(`/events/${id}`);
    expect(html).toContain(`href="/events/${id}/replay"`);
    const asked = await browser.get(`/events/${id}/replay`);
    expect([asked.status, asked.html]).toEqual([409, expect.stringContaining(`${connectionIds[0]} does not match`)]);
    const refused = await browser.post(`/events/${id}/replay`, { _csrf: csrfOf(html) });
    expect([refused.status, refused.html]).toEqual([
      409,
      expect.stringContaining(`${connectionIds[0]} does not match`),
    ]);
    await env.DB.prepare("UPDATE connections SET spec = json_remove(spec, '$.filter') WHERE id = ?1")
      .bind(connectionIds[0])
      .run();
    const done = await browser.post(`/events/${id}/replay`, { _csrf: csrfOf(html) });
    expect(done.location).toBe(`/events/${id}?done=replayed`);
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
  const wrong = await browser.get("/ledger?to=soon");
  expect([wrong.status, textOf(wrong.html)]).toEqual([422, expect.stringContaining("query to ")]);
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
    expect(tileOf(html, "Died")).toBe("1 | deliveries, in this period");
    expect(tileOf(html, "Still dead")).toBe("1 | Redrive or discard");
    expect(tileOf(html, "Refused")).toBe("0 | none in this period");
    expect(tileOf(html, "Ledger")).toMatch(/^balanced \|/);
    const queue = rowOf(html, "queue-events");
    expect(queue).toContain("1,234");
    expect(queue).toContain(`datetime="${new Date(now - 61_000).toISOString()}"`);
    const healthy = rowOf(html, good.destinationIds[0] ?? "");
    for (const shown of ["healthy", "<polyline", "100 %", "7 / s"]) expect(healthy).toContain(shown);
    // The worst comes first, on the list too.
    const places = (page: string): number[] =>
      [bad, good].map(({ destinationIds }) => page.indexOf(`id="${destinationIds[0]}"`));
    for (const [first = 0, second = 0] of [places(html), places((await viewer.get("/destinations")).html)])
      expect(first).toBeLessThan(second);
    expect(html).toContain("Needs attention");
    // Attempts and deliveries are two charts.
    expect(html).toContain("Deliveries that ended: 3 delivered, 1 dead.");
    expect(html).toContain("Attempts: 3 succeeded, 1 failed.");
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
    expect(html).toMatch(/<dt>State<\/dt><dd><span class="badge bad">.*?failing/);
    expect(html).toMatch(/<dt>Waiting<\/dt><dd>none<\/dd>.*<dt>Dead letters<\/dt><dd><a[^>]*>1<\/a>/);
  });

  it("show a source that refuses everything at the top, why it does, and slugs that no source has", async () => {
    const { slug, sourceId } = await createRoute();
    const never = await createRoute();
    const sample = { at: world.now(), cause: "signature_mismatch", method: "POST", path: "", query: "", headers: [] };
    const refused = { ...sample, ip: null, body: "{}", body_encoding: "utf8" } as const;
    const hour = Math.floor(world.now() / 3_600_000) * 3_600_000;
    const ids = [sourceId as SourceId, null] as const;
    const reasons = ["verification_failed", "unknown_source"] as const;
    await addRejections(
      env.DB,
      ids.map((source_id, index) => ({ source_id, hour, reason: reasons[index] ?? "unavailable", count: 7 })),
      ids.map((source_id, index) => ({
        source_id,
        reason: reasons[index] ?? "unavailable",
        samples: [
          { ...refused, slug: source_id === null ? "<old-shop>" : slug },
          { ...refused, slug: source_id === null ? "<old-shop>" : slug, cause: source_id && "timestamp_too_old" },
        ],
      })),
      world.now(),
    );
    const viewer = createBrowser({ client: createClient({ now: world.now }), now: world.now });
    await viewer.signIn();
    const { html } = await viewer.get("/");
    expect(html).toMatch(new RegExp(`Needs attention.*refuses everything.*/refused\\?source=${slug}.*7 refused`, "s"));
    expect(rowOf(html, sourceId)).toContain("refuses everything");
    const sources = (await viewer.get("/sources")).html;
    expect(rowOf(sources, sourceId)).toContain("refuses everything");
    expect(rowOf(sources, never.sourceId)).toContain("never used");
    expect(rowOf((await viewer.get("/destinations")).html, never.destinationIds[0] ?? "")).toContain("never used");
    const all = (await viewer.get("/refused")).html;
    expect(rowOf(all, `${sourceId}-verification_failed`)).toMatch(/>7<.*The secret is usually wrong.*clock is slow/s);
    expect(rowOf(all, "unknown-unknown_source")).toContain("No source has this slug");
    expect(all).toMatch(/Unknown slugs.*&lt;old-shop&gt;/s);
    const own = (await viewer.get(`/refused?source=${slug}&range=7d`)).html;
    expect([own.includes("signature mismatch"), own.includes("old-shop")]).toEqual([true, false]);
    expect((await viewer.get("/refused?source=nobody-here")).status).toBe(422);
    const noRange = await viewer.get("/refused?range=abc");
    expect([noRange.status, textOf(noRange.html)]).toEqual([422, expect.stringContaining("There is no range abc")]);
    // What judges for the pages judges for the API.
    const list = await viewer.client.call("GET", "/sources?expand=health&order=health&limit=1");
    expect(list.json.data).toMatchObject([{ id: sourceId, health: "refuses_all", last_day: { refused: 7 } }]);
    const { json } = await viewer.client.call("GET", `/sources/${sourceId}?expand=health`);
    expect(json).toMatchObject({ health: "refuses_all", health_reasons: ["refuses_all"] });
  });

  const rowOf = (html: string, id: string): string =>
    new RegExp(`<tr[^>]*id="${id}".*?</tr>`, "s").exec(html)?.[0] ?? "";
});

describe("the list of deliveries", () => {
  const rowsOf = (html: string): string[] =>
    [...html.matchAll(/<tr role="row" id="(dlv_[^"]+)"/g)].map(([, id]) => id ?? "");

  it("is filtered by everything that is known of a delivery; its histogram counts the same ones", async () => {
    const { slug, destinationIds, connectionIds } = await createRoute(
      [{ retry: { schedule_seconds: [3_600] } }, { retry: { schedule_seconds: [] } }],
      { event_type: { json: "type" } },
    );
    world.onRequest(() => ({ status: 503 }));
    const id = await send(slug, { body: `{"type":"paid"}` });
    world.onRequest(() => ({ status: 200 }));
    await send(slug, { body: `{"type":"sent"}` });
    const [waits = "", dead = ""] = destinationIds;
    const found = async (query: string): Promise<readonly [number, number]> => {
      const { html } = await browser.get(`/deliveries?source=${slug}&${query}`);
      const counted = [...html.matchAll(/<li class="(?:ok|bad|warn|info|idle)">[^<]*<b>(\d+)<\/b>/g)];
      return [rowsOf(html).length, counted.reduce((sum, [, one]) => sum + Number(one), 0)];
    };
    expect(await found("type=paid")).toEqual([2, 2]);
    expect(await found("type=sent&status=delivered")).toEqual([2, 2]);
    expect(await found("status=waiting")).toEqual([1, 1]);
    expect(await found("status=dead")).toEqual([1, 1]);
    expect(await found(`type=paid&destination=${waits}`)).toEqual([1, 1]);
    expect(await found(`type=paid&connection=${connectionIds[1]}`)).toEqual([1, 1]);
    expect(await found("response_status=503")).toEqual([2, 2]);
    expect(await found(`event=${id}`)).toEqual([2, 2]);
    expect(await found("error=attempts_exhausted%3A+http_status")).toEqual([1, 1]);
    expect(await found("type=paid&range=15m")).toEqual([2, 2]);
    expect(await found("type=paid&to=2020-01-01T00:00")).toEqual([0, 0]);
    const { html } = await browser.get(`/deliveries?source=${slug}&status=dead&destination=${dead}`);
    expect(html).toContain(`class="row-link" href="/events/${id}?delivery=`);
    expect(html).toMatch(/<a href="[^"]*status=dead[^"]*" aria-current="page">Dead<\/a>/);
  });

  it("names the filter that is wrong, and pages by cursor with times that stay", async () => {
    for (const list of ["/events", "/deliveries"]) {
      const noRange = await browser.get(`${list}?range=abc`);
      expect([noRange.status, noRange.html]).toEqual([422, expect.stringMatching(/id="from"[^>]*aria-invalid="true"/)]);
      expect(noRange.html).toContain('<details class="more" open');
      expect(noRange.html).not.toContain("data-bars");
    }
    const noEvent = await browser.get("/deliveries?event=nonsense");
    expect([noEvent.status, noEvent.html]).toEqual([422, expect.stringMatching(/id="event"[^>]*aria-invalid="true"/)]);
    const wrong = await browser.get("/deliveries?response_status=abc&error=oops");
    expect([wrong.status, wrong.html]).toEqual([
      422,
      expect.stringMatching(/id="response_status"[^>]*aria-invalid="true"/),
    ]);
    expect(wrong.html).toContain('<details class="more" open');
    expect((await browser.get("/deliveries?cursor=garbage")).html).toContain("There is no such page of this list.");
    const { slug } = await createRoute();
    for (let sent = 0; sent < 26; sent++) await send(slug);
    const first = (await browser.get(`/deliveries?source=${slug}&range=1h`)).html;
    const older = /href="([^"]+)" rel="next"/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(older).toMatch(/from=20/);
    expect(older).not.toContain("range=");
    expect([rowsOf(first).length, rowsOf((await browser.get(older)).html).length]).toEqual([20, 6]);
  });
});

describe("what an event's page says of its deliveries", () => {
  it("shows the request as it was sent, of the delivery it is asked for: transformed, with credentials masked [G8]", async () => {
    const { slug } = await createRoute([
      { auth: { type: "bearer", token: "hidden-token" }, connection: { transform: { body: `{ "kind": type }` } } },
      { url: "https://second.example.com/hooks" },
    ]);
    const id = await send(slug, { body: `{"type":"paid"}`, headers: { "content-type": "application/json" } }, "/x");
    const { data } = (await browser.client.call("GET", `/deliveries?event=${id}`)).json as {
      data: readonly { id: string }[];
    };
    const pages = await Promise.all(
      data.map(async (one) => (await browser.get(`/events/${id}?delivery=${one.id}`)).html),
    );
    const [first = "", second = ""] = pages
      .map((html) => textOf(html.slice(html.indexOf('id="sent"'))))
      .toSorted((a) => (a.includes("kind") ? -1 : 1));
    expect(first).toContain(`"kind": "paid"`);
    expect(first).toMatch(/authorization\s+masked\s+Bearer \[redacted\]/);
    expect(pages.join()).not.toContain("hidden-token");
    expect(second).toContain("POST https://second.example.com/hooks/x");
    expect(second).toContain("Byte for byte as received");
    expect(second).toMatch(/sluice-attempt\s+added\s+1/);
  });

  it("names the connection beside the destination where several lead to one", async () => {
    const { slug, destinationIds, connectionIds } = await createRoute([{ connection: { name: "Paid <i>" } }, {}]);
    await env.DB.prepare("UPDATE connections SET destination_id = ?1 WHERE id = ?2")
      .bind(destinationIds[0], connectionIds[1])
      .run();
    const { html } = await browser.get(`/events/${await send(slug)}`);
    expect(textOf(html)).toContain(`${slug}-0 over Paid &lt;i&gt;`);
    expect(textOf(html)).toContain(`${slug}-0 over ${slug}-1`);
    expect(html).toMatch(new RegExp(`aria-label="Delivery to ${slug}-0 over ${slug}-1"`));
    expect(html).toContain(`<a href="/connections/${connectionIds[1]}"><bdi>${slug}-1</bdi>`);
    const apart = await browser.get(`/events/${await send((await createRoute([{}, {}])).slug)}`);
    expect(textOf(apart.html)).not.toContain(" over ");
  });

  it("says what a replay makes before it makes it, and for whom it is a repetition", async () => {
    const { slug, connectionIds } = await createRoute([{}, {}]);
    const id = await send(slug);
    const all = textOf((await browser.get(`/events/${id}/replay`)).html);
    expect(all).toContain("Makes 2 new deliveries of the stored event");
    expect(all).toContain("2 receivers have already accepted this event and will get it again.");
    const one = (await browser.get(`/events/${id}/replay?connection=${connectionIds[0]}`)).html;
    expect(textOf(one)).toContain("Makes one new delivery");
    expect(one).toContain(`name="connection" value="${connectionIds[0]}"`);
    expect((await world.deliveries()).filter((row) => row.id.startsWith(`dlv_${id.slice(4)}`))).toHaveLength(2);
  });
});

/** What a reader sees of a page. */
const textOf = (html: string): string =>
  html
    .replaceAll(/<\/(td|p|div|h\d|li)>/g, " ")
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll("&quot;", '"')
    .replaceAll(/\s+/g, " ");
