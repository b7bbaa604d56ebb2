// How many deliveries wait for each destination of a list.
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { countWaiting } from "../../../src/store/lists.ts";
import { createRoute } from "../harness.ts";
import { setUp } from "./replaying.ts";

it("counts what waits for each destination, reading each delivery once however many destinations there are", async () => {
  const { world, client } = setUp();
  const circuit = { failure_threshold: 1, open_seconds: 600 };
  const { slug, destinationIds } = await createRoute([
    { circuit, retry: { schedule_seconds: [60] } },
    {},
    ...Array.from({ length: 4 }, () => ({})),
  ]);
  const [down = "", paused = ""] = destinationIds;
  await env.DB.prepare("UPDATE destinations SET paused = 1 WHERE id = ?").bind(paused).run();
  await env.DB.prepare("UPDATE sources SET version = version + 1").run();
  world.onRequest(({ url }) => ({ status: url.includes(`${slug}-0.`) ? 500 : 200 }));
  for (let i = 0; i < 2; i++) {
    await world.postMany(slug, 1);
    await world.turn();
  }
  await world.postMany(slug, 48);
  while (world.queued.some(({ lane }) => lane === "events" || lane === "small")) await world.turn();
  const { json } = await client.call("GET", "/destinations?expand=waiting&limit=200");
  const counts = new Map(
    (json["data"] as readonly { id: string; waiting: number }[]).map((one) => [one.id, one.waiting]),
  );
  expect(destinationIds.map((id) => counts.get(id))).toEqual([50, 50, ...destinationIds.slice(2).map(() => 0)]);
  expect(counts.get(down)).toBe(50);
  let rows = 0;
  const counting = {
    prepare: (sql: string) => ({
      all: async () => {
        const result = await env.DB.prepare(sql).all();
        rows += result.meta.rows_read;
        return result;
      },
    }),
  } as unknown as D1Database;
  await countWaiting(counting);
  expect(rows).toBeLessThanOrEqual(3 * 100);
});
