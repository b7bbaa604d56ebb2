import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createRoute, createWorld } from "../harness.ts";
import { createClient } from "../api/harness.ts";
import { formFields } from "./forms.ts";
import { createBrowser } from "./harness.ts";

/** A destination with dead letters, and a signed-in browser. */
async function withDead(number: number) {
  const world = createWorld();
  world.onRequest(() => ({ status: 500 }));
  const { slug, destinationIds } = await createRoute([{ retry: { schedule_seconds: [] } }]);
  for (let index = 0; index < number; index++) await world.accept(`/in/${slug}`, { body: String(index) });
  await world.drain();
  world.advance(1_000);
  const browser = createBrowser({ now: world.now, client: createClient({ now: world.now }) });
  await browser.signIn();
  const [destination = ""] = destinationIds;
  const path = `/dead-letters?destination=${destination}`;
  const _csrf = await browser.csrf(path);
  const statuses = async (): Promise<Record<string, string>> => {
    const rows = await env.DB.prepare("SELECT id, status FROM deliveries WHERE destination_id = ? ORDER BY id")
      .bind(destination)
      .all<{ id: string; status: string }>();
    return Object.fromEntries(rows.results.map(({ id, status }) => [id, status]));
  };
  return { browser, world, path, destination, _csrf, statuses, ids: Object.keys(await statuses()) };
}

/** Copies the destination's first dead letter, with ids that follow its own. */
async function copies(destination: string, number: number): Promise<void> {
  const row = await env.DB.prepare("SELECT * FROM deliveries WHERE destination_id = ?").bind(destination).first();
  const others = Object.keys(row ?? {}).filter((column) => column !== "id");
  const made = await env.DB.prepare(
    `INSERT INTO deliveries (id, ${others.join(", ")})
     SELECT substr(d.id, 1, length(d.id) - 3) || value, ${others.map((column) => `d.${column}`).join(", ")}
     FROM deliveries d, json_each(?2) WHERE d.destination_id = ?1`,
  )
    .bind(destination, JSON.stringify(Array.from({ length: number }, (_one, index) => String(index).padStart(3, "0"))))
    .run();
  expect(made.meta.changes).toBeGreaterThanOrEqual(number);
}

describe("dead letters in the dashboard", () => {
  it("are grouped by destination and error, with links to their events", async () => {
    const { browser, path, ids } = await withDead(3);
    const { html } = await browser.get(path);
    expect(html).toContain("all attempts failed: error response");
    expect(html).toContain("3 deliveries");
    for (const id of ids) expect(html).toContain(`value="${id}"`);
    expect(html).toContain("HTTP 500");
    expect(html).toMatch(/<a href="\/events\/evt_\w+\?delivery=(dlv_\w+)#\1"/);
  });

  it("are redriven if selected, and only those", async () => {
    const { browser, _csrf, ids, statuses } = await withDead(3);
    const [first = "", second = "", third = ""] = ids;
    const answer = await browser.post("/dead-letters", { _csrf, do: "redrive", id: second });
    expect(answer.location).toBe("/dead-letters?done=retried");
    expect(await statuses()).toEqual({ [first]: "dead", [second]: "pending", [third]: "dead" });
    expect(browser.client.enqueued.map(({ id }) => id)).toEqual([second]);
  });

  it("show a message if nothing is selected", async () => {
    const { browser, _csrf, statuses, ids } = await withDead(1);
    const answer = await browser.post("/dead-letters", { _csrf, do: "redrive", group: ids[0] ?? "" });
    expect(answer.html).toContain("Nothing was selected.");
    expect(Object.values(await statuses())).toEqual(["dead"]);
  });

  it("are redriven as a group", async () => {
    const { browser, path, statuses } = await withDead(2);
    const answer = await browser.fill(path, "/dead-letters", { do: "redrive-group" });
    expect(answer.location).toBe(`${path}&done=retried`);
    expect(Object.values(await statuses())).toEqual(["pending", "pending"]);
  });

  it("link to the plan of a redrive of the whole destination", async () => {
    const { browser, path, destination } = await withDead(2);
    const { html } = await browser.get(path);
    expect(html).toContain(`href="/replays/plan?status=dead&amp;destination=${destination}"`);
    const plan = `/replays/plan?status=dead&destination=${destination}`;
    expect((await browser.get(plan)).html).toContain("Replay 2 deliveries");
    const { location } = await browser.fill(plan, "/replays");
    const here = (await browser.get(path)).html;
    const redrives = here.slice(here.indexOf(`id="redrives"`), here.indexOf(`id="letters"`));
    expect(redrives).toContain(`href="${(location ?? "").split("?")[0]}"`);
    expect(redrives).toContain(`aria-valuetext="0 of 2 have ended, 0 failed"`);
  });

  it("show no redrive of another destination than the selected one", async () => {
    const { browser, path, destination } = await withDead(1);
    await browser.fill(`/replays/plan?status=dead&destination=${destination}`, "/replays");
    expect((await browser.get(path)).html).toContain("Redrive: ");
    const other = await withDead(1);
    expect((await browser.get(other.path)).html).not.toContain("Redrive: ");
  });

  it("are retried one by one from their row", async () => {
    const { browser, path, ids, statuses } = await withDead(2);
    const [first = "", second = ""] = ids;
    expect((await browser.get(path)).html).toContain(`formaction="/deliveries/${first}/retry"`);
    const answer = await browser.fill(path, `/deliveries/${first}/retry`);
    expect(answer.location).toBe(`${path}&done=retried`);
    expect(await statuses()).toEqual({ [first]: "pending", [second]: "dead" });
  });

  it("are discarded only after confirmation", async () => {
    const { browser, _csrf, ids, statuses } = await withDead(1);
    const asked = await browser.post("/dead-letters", { _csrf, do: "discard", id: ids[0] ?? "" });
    expect(asked.status).toBe(200);
    expect(asked.html).toContain("This delivery will be cancelled");
    expect(asked.html).toContain(`name="id" value="${ids[0]}"`);
    expect(Object.values(await statuses())).toEqual(["dead"]);
    const done = await browser.post("/dead-letters", { _csrf, do: "discard", id: ids[0] ?? "", confirm: "yes" });
    expect(done.location).toBe("/dead-letters?done=discarded");
    expect(Object.values(await statuses())).toEqual(["cancelled"]);
  });

  it("are discarded one by one on the event's page, after confirmation", async () => {
    const { browser, _csrf, ids, statuses } = await withDead(1);
    const [id = ""] = ids;
    const { html, location } = await browser.get(`/deliveries/${id}`);
    expect(html).toBe("");
    const page = (await browser.get(location?.split("?")[0] ?? "")).html;
    expect(page).toContain(`action="/deliveries/${id}/retry"`);
    expect(page).toContain(`action="/deliveries/${id}/discard" data-confirm="Discard the dead letter`);
    expect((await browser.post(`/deliveries/${id}/discard`, { _csrf })).html).toContain("Discard this dead letter?");
    expect(Object.values(await statuses())).toEqual(["dead"]);
    const done = await browser.post(`/deliveries/${id}/discard`, { _csrf, confirm: "yes" });
    expect(done.location).toBe(`${location?.split("?")[0]}?done=discarded`);
    expect(Object.values(await statuses())).toEqual(["cancelled"]);
  });
});

describe("all dead letters of one destination and error", () => {
  const fields = (destination: string) => ({ destination, error: "attempts_exhausted: http_status" });

  it("are discarded after a confirmation that names destination and error, and only those", async () => {
    const { browser, destination, _csrf, statuses, path } = await withDead(3);
    const other = await withDead(1);
    const asked = await browser.post("/dead-letters/discard", { _csrf, ...fields(destination), back: path });
    expect(asked.html).toContain("Discard all of these dead letters?");
    expect(asked.html).toContain("all attempts failed: error response");
    expect(Object.values(await statuses())).toEqual(["dead", "dead", "dead"]);
    const done = await browser.post("/dead-letters/discard", {
      _csrf,
      ...fields(destination),
      back: path,
      confirm: "yes",
    });
    expect(done.html).toContain("<strong>3 discarded</strong>; none are left.");
    expect(done.html).not.toContain("data-continue");
    expect(Object.values(await statuses())).toEqual(["cancelled", "cancelled", "cancelled"]);
    expect(Object.values(await other.statuses())).toEqual(["dead"]);
  });

  it("with another error stay", async () => {
    const { browser, destination, _csrf, statuses } = await withDead(2);
    await env.DB.prepare(
      "UPDATE deliveries SET last_error = 'gone' WHERE id = (SELECT MIN(id) FROM deliveries WHERE destination_id = ?)",
    )
      .bind(destination)
      .run();
    await browser.post("/dead-letters/discard", { _csrf, ...fields(destination), confirm: "yes" });
    expect(Object.values(await statuses())).toEqual(["dead", "cancelled"]);
  });

  it("are discarded a hundred at a time with progress; deliveries that die after the confirmation stay", async () => {
    const { browser, world, destination, _csrf, statuses, path } = await withDead(1);
    await copies(destination, 129);
    const first = await browser.post("/dead-letters/discard", {
      _csrf,
      ...fields(destination),
      back: path,
      confirm: "yes",
    });
    expect(first.html).toContain("<strong>100 discarded</strong>; 100 of about 130 dead letters");
    expect(first.html).toContain("data-continue");
    const later = await env.DB.prepare(
      "UPDATE deliveries SET finished_at = ?2 WHERE id = (SELECT MIN(id) FROM deliveries WHERE destination_id = ?1)",
    )
      .bind(destination, world.now() + 60_000)
      .run();
    expect(later.meta.changes).toBe(1);
    const sent = Object.fromEntries(formFields(first.html)) as Record<string, string>;
    const second = await browser.post("/dead-letters/discard", sent);
    expect(second.html).toContain("<strong>129 discarded</strong>; none are left.");
    const left = Object.values(await statuses());
    expect(left.filter((status) => status === "cancelled")).toHaveLength(129);
    expect(left.filter((status) => status === "dead")).toHaveLength(1);
  });
});
