import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { createRoute, createWorld, TestMessage } from "../harness.ts";

const RETRY = { retry: { schedule_seconds: [5, 5] } };

it("a row that this release cannot read waits, and holds up nothing else of its batch [G2]", async () => {
  const world = createWorld();
  const good = await createRoute([RETRY]);
  const bad = await createRoute([RETRY]);
  const row = async (sourceId: string) => (await world.deliveries()).find((one) => one["source_id"] === sourceId);
  world.onRequest(() => ({ status: 500 }));
  for (const { slug } of [good, bad]) await world.accept(`/in/${slug}`, { body: "x" });
  await world.turn();
  const spec = await env.DB.prepare("SELECT spec FROM destinations WHERE id = ?")
    .bind(bad.destinationIds[0])
    .first<{ spec: string }>();
  const write = (text: string | undefined) =>
    env.DB.prepare("UPDATE destinations SET spec = ? WHERE id = ?").bind(text, bad.destinationIds[0]).run();
  await write(JSON.stringify({ of: "a newer release" }));
  world.advance(6_000);
  world.onRequest(() => ({ status: 200 }));
  const messages = world.queued.splice(0).map(({ message }) => new TestMessage(message));
  expect(messages).toHaveLength(2);
  await world.consume("deliveries", messages);
  expect(messages.map(({ calls }) => calls)).toEqual([1, 1]);
  expect(await row(good.sourceId)).toMatchObject({ status: "delivered" });
  for (let round = 0; round < 12; round++) {
    world.advance(11 * 60_000);
    await world.sweep();
    await world.drain();
  }
  expect(await row(bad.sourceId)).toMatchObject({
    status: "deferred",
    deferred_by: "configuration_unreadable",
    attempts_made: 1,
  });
  await write(spec?.spec);
  world.advance(11 * 60_000);
  await world.sweep();
  await world.drain();
  expect(await row(bad.sourceId)).toMatchObject({ status: "delivered", attempts_made: 2 });
});
