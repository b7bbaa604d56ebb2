import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createRoute, createWorld } from "../harness.ts";
import { createBrowser } from "./harness.ts";

/** A destination with so many dead letters, and a browser that is signed in. */
async function withDead(number: number) {
  const world = createWorld();
  world.onRequest(() => ({ status: 500 }));
  const { slug, destinationIds } = await createRoute([{ retry: { schedule_seconds: [] } }]);
  for (let index = 0; index < number; index++) await world.accept(`/in/${slug}`, { body: String(index) });
  await world.drain();
  const browser = createBrowser();
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
  return { browser, path, _csrf, statuses, ids: Object.keys(await statuses()) };
}

describe("dead letters in the dashboard", () => {
  it("stand together by destination and error, with a way to each event", async () => {
    const { browser, path, ids } = await withDead(3);
    const { html } = await browser.get(path);
    expect(html).toContain("attempts exhausted: http status");
    expect(html).toContain("3 deliveries");
    for (const id of ids) expect(html).toContain(`value="${id}"`);
    expect(html).toContain("HTTP 500");
    expect(html).toMatch(/<a href="\/events\/evt_\w+"/);
  });

  it("go out again, those selected and no others", async () => {
    const { browser, _csrf, ids, statuses } = await withDead(3);
    const [first = "", second = "", third = ""] = ids;
    const answer = await browser.post("/dead-letters", { _csrf, do: "redrive", id: second });
    expect(answer.location).toBe("/dead-letters?done=retried");
    expect(await statuses()).toEqual({ [first]: "dead", [second]: "pending", [third]: "dead" });
    expect(browser.client.enqueued.map(({ id }) => id)).toEqual([second]);
  });

  it("say so when nothing is selected", async () => {
    const { browser, _csrf, statuses, ids } = await withDead(1);
    const answer = await browser.post("/dead-letters", { _csrf, do: "redrive", group: ids[0] ?? "" });
    expect(answer.html).toContain("Nothing was selected.");
    expect(Object.values(await statuses())).toEqual(["dead"]);
  });

  it("go out again as a group", async () => {
    const { browser, path, statuses } = await withDead(2);
    const answer = await browser.fill(path, "/dead-letters", { do: "redrive-group" });
    expect(answer.location).toBe("/dead-letters?done=retried");
    expect(Object.values(await statuses())).toEqual(["pending", "pending"]);
  });

  it("are discarded only after a question", async () => {
    const { browser, _csrf, ids, statuses } = await withDead(1);
    const asked = await browser.post("/dead-letters", { _csrf, do: "discard", id: ids[0] ?? "" });
    expect(asked.status).toBe(200);
    expect(asked.html).toContain("This delivery will be cancelled");
    expect(asked.html).toContain(`name="id" value="${ids[0]}"`);
    expect(Object.values(await statuses())).toEqual(["dead"]);
  });
});
