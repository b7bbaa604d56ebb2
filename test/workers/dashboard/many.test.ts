// More sources, destinations and connections than any page holds: every one can be chosen and found, without JavaScript.
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { newEventId } from "../record/harness.ts";
import { createRoute } from "../harness.ts";
import { createBrowser } from "./harness.ts";
import { formFields } from "./forms.ts";

const COUNT = 230;
const browser = createBrowser();
let first: Awaited<ReturnType<typeof createRoute>>;

/** The newest are copies, so that the first one is on no page that shows the newest. */
async function multiply(
  table: "sources" | "destinations" | "connections",
  prefix: string,
  more: string,
): Promise<void> {
  await env.DB.prepare(
    `WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < ${COUNT})
     INSERT INTO ${table} (id, slug, spec, created_at, updated_at ${more})
     SELECT '${prefix}_7' || printf('%025d', v), 'copy-' || v, json_set(spec, '$.name', 'Copy ' || v, '$.slug', 'copy-' || v), created_at, updated_at ${more}
     FROM n, ${table} WHERE slug LIKE 'source-%'`,
  ).run();
}

beforeAll(async () => {
  first = await createRoute([{}], { name: "The Very First" });
  await multiply("connections", "con", ", source_id, destination_id");
  await multiply("sources", "src", "");
  await multiply("destinations", "dst", "");
  // Of the copies of the connection, one stays with the first source and destination.
  await env.DB.prepare(
    "UPDATE connections SET source_id = 'src_7' || printf('%025d', 1), destination_id = 'dst_7' || printf('%025d', 1) WHERE slug LIKE 'copy-%'",
  ).run();
  await browser.signIn();
});

/** The value of a field, and what is said about it. */
function field(html: string, name: string): { readonly value: string | undefined; readonly hint: string } {
  const input = new RegExp(`<input id="${name}"[^>]*>`).exec(html)?.[0] ?? "";
  const hint = new RegExp(`<p class="hint" id="${name}-hint">(.*?)</p>`).exec(html)?.[1] ?? "";
  return { value: /\svalue="([^"]*)"/.exec(input)?.[1], hint: hint.replaceAll(/<[^>]*>/g, "") };
}

describe(`with ${COUNT + 1} of each`, () => {
  it.each([
    ["/events?source=", "source"],
    ["/dead-letters?destination=", "destination"],
    ["/replays/new?source=", "source"],
    ["/replays/new?destination=", "destination"],
    ["/replays/new?connection=", "connection"],
    ["/connections?source=", "source"],
    ["/connections?destination=", "destination"],
    ["/connections/new?source=", "source"],
    ["/connections/new?destination=", "destination"],
  ])("%s keeps what was chosen, by slug or id, and finds it by a part of its name", async (path, name) => {
    const { slug, sourceId, destinationIds, connectionIds } = first;
    const known = name === "source" ? slug : `${slug}-0`;
    const id = { source: sourceId, destination: destinationIds[0], connection: connectionIds[0] }[name];
    for (const given of [known, id]) {
      const { status, html } = await browser.get(path + given);
      expect([status, field(html, name)]).toEqual([200, { value: known, hint: "" }]);
    }
    const part = name === "source" ? "very first" : slug.slice(0, -3);
    const { html } = await browser.get(path + encodeURIComponent(part));
    expect(field(html, name)).toEqual({ value: part, hint: `Did you mean ${known}?` });
    expect(html.match(/<datalist/g)?.length).toBeGreaterThan(0);
    const odd = await browser.get(`${path}${encodeURIComponent('../"><script>')}`);
    expect([odd.status < 500, odd.html.includes('"><script>')]).toEqual([true, false]);
  });

  it("a refused choice is an error beside its field", async () => {
    for (const [path, name] of [
      ["/events?source=nobody", "source"],
      ["/dead-letters?destination=nobody", "destination"],
      ["/connections?source=nobody", "source"],
      ["/issues?destination=nobody", "destination"],
    ] as const) {
      const { status, html } = await browser.get(path);
      expect([status, html.includes(`id="${name}-error"`), html.includes("No matching")]).toEqual([422, true, false]);
    }
  });

  it.each(["sources", "destinations", "connections"])(
    "the list of %s is searched by name or slug, and goes on page by page",
    async (list) => {
      const { slug } = first;
      const found = await browser.get(`/${list}?q=${list === "sources" ? "VERY+first" : slug}`);
      expect(found.html).toContain(
        `/${list}/${{ sources: first.sourceId, destinations: first.destinationIds[0], connections: first.connectionIds[0] }[list]}"`,
      );
      expect(found.html).not.toMatch(new RegExp(`/${list}/..._7`));
      expect((await browser.get(`/${list}?q=nothing-like-it`)).html).toContain(`No matching ${list}`);
      let [pages, next]: [number, string | null] = [0, `/${list}?q=copy`];
      const seen = new Set<string>();
      while (next !== null) {
        const { html } = await browser.get(next);
        for (const [, id = ""] of html.matchAll(new RegExp(`<a href="/${list}/((?:src|dst|con)_7[0-9]+)"`, "g")))
          seen.add(id);
        next = /href="([^"]*)" rel="next"/.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? null;
        pages += 1;
      }
      expect([seen.size, pages > 4]).toEqual([COUNT, true]);
    },
  );

  it("a source and a destination show their own connections, whatever others there are", async () => {
    const source = await browser.get(`/sources/${first.sourceId}`);
    const destination = await browser.get(`/destinations/${first.destinationIds[0]}`);
    for (const { html } of [source, destination]) expect(html).toContain(`/connections/${first.connectionIds[0]}"`);
    const crowded = await browser.get(`/sources/src_7${"1".padStart(25, "0")}`);
    expect(crowded.html).toContain(`href="/connections?source=copy-1"`);
  });

  it("a connection and an alert are made for the oldest, by slug", async () => {
    const { slug } = first;
    const made = await browser.fill("/connections/new", "/connections", {
      source: slug,
      destination: `${slug}-0`,
      slug: "made",
    });
    expect([made.status, made.location]).toEqual([303, expect.stringMatching(/^\/connections\/con_/)]);
    const refused = await browser.fill("/connections/new", "/connections", {
      source: "very first",
      destination: `${slug}-0`,
    });
    expect([refused.status, field(refused.html, "source").hint]).toEqual([422, `Did you mean ${slug}?`]);
    const alert = await browser.fill("/alerts/new", "/alerts", {
      name: "Dead",
      source: slug,
      "target/url": "https://hooks.slack.com/services/x",
    });
    expect([alert.status, alert.location]).toEqual([303, expect.stringMatching(/alr_/)]);
    const path = (alert.location ?? "").split("?")[0] ?? "";
    expect(Object.fromEntries(formFields((await browser.get(`${path}/edit`)).html))["source"]).toBe(slug);
  });

  it("the lists name the source and the destination of each row, whichever of them it is", async () => {
    const at = Date.now();
    const id = newEventId(at);
    const [source, destination] = ["src_7", "dst_7"].map((start) => start + String(COUNT).padStart(25, "0"));
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO events (id, source_id, received_at, method, path, query, headers, body, body_encoding, body_bytes, matched)
         VALUES (?1, ?2, ?3, 'POST', '', '', '[]', '{}', 'utf8', 2, 1)`,
      ).bind(id, source, at),
      env.DB.prepare(
        `INSERT INTO deliveries (id, source_id, destination_id, status, attempts_made, deferrals, attempts, created_at, finished_at, age_credit_ms)
         VALUES (?1, ?2, ?3, 'delivered', 1, 0, '[]', ?4, ?4, 0)`,
      ).bind(`${id.replace("evt", "dlv")}0000000000`, source, destination, at),
    ]);
    expect((await browser.get("/events")).html).toContain(`copy-${COUNT}<`);
    const { html } = await browser.get("/deliveries");
    expect(html.match(new RegExp(`<bdi>copy-${COUNT}</bdi>`, "g"))).toHaveLength(2);
  });
});
