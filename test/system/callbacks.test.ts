// The answer of a slow API travels back when it is done: publish, slow destination, callback, on the running system.
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startSystem, type System } from "./harness.ts";

const SLOW_MS = 3_000;
let system: System;

beforeAll(async () => {
  system = await startSystem((path, response) => {
    if (path === "/done") return void response.end("thanks");
    const { body } = system.to("slow").at(-1) ?? {};
    setTimeout(() => {
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ result: "ü", got: body?.toString() }));
    }, SLOW_MS);
  });
});

afterAll(() => system.stop());

it("brings a slow API's answer back when it is done, signed, once", async () => {
  const { client, target } = system;
  const callbacks = () => system.to("done");
  await client.call("POST /destinations", { body: { slug: "slow", url: `${target}/slow` } });
  const { secrets } = await client.call("GET /callbacks/secret", {});
  const publishedAt = Date.now();
  const { id } = await client.publish({
    destinations: ["slow"],
    body: { report: 7 },
    callback_url: `${target}/done`,
  });
  expect(Date.now() - publishedAt).toBeLessThan(SLOW_MS);
  await expect.poll(() => callbacks().length, { timeout: 120_000 }).toBe(1);
  const [callback] = callbacks();
  expect((callback?.at ?? 0) - publishedAt).toBeGreaterThanOrEqual(SLOW_MS);
  const told = new Webhook(secrets[0] ?? "").verify(
    callback?.body ?? "",
    (callback?.headers ?? {}) as Record<string, string>,
  ) as Record<string, unknown>;
  expect(told).toMatchObject({
    event_id: id,
    status: "delivered",
    attempts_made: 1,
    response: { status: 200, body: JSON.stringify({ result: "ü", got: '{"report":7}' }) },
  });
  expect(Object.keys(told)).toEqual(["event_id", "delivery_id", "destination", "status", "attempts_made", "response"]);
  await expect
    .poll(async () => (await client.deliveries({ destination: `callback_${new URL(target).host}` })).data)
    .toMatchObject([{ status: "delivered", attempts_made: 1 }]);
  expect(callbacks()).toHaveLength(1);
});
