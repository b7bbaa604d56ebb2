// The answer of a slow API travels back when it is done: publish, slow destination, callback, on the running system.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { rm } from "node:fs/promises";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort, killGroup, startSluice } from "../../scripts/crash-test.ts";
import { Client } from "../../scripts/demo/client.ts";
import { newState } from "./migrated.ts";

const SLOW_MS = 3_000;
const token = "token-of-the-system-tests";
let state = "";
let sluice: Awaited<ReturnType<typeof startSluice>> | null = null;
let client = new Client("", token);
let target = "";
const callbacks: { at: number; headers: Record<string, string>; body: string }[] = [];

const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString();
    if (request.url === "/done") {
      callbacks.push({ at: Date.now(), headers: request.headers as Record<string, string>, body });
      response.end("thanks");
    } else {
      setTimeout(() => {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ result: "ü", got: body }));
      }, SLOW_MS);
    }
  });
});

beforeAll(async () => {
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  target = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  state = await newState();
  const port = await freePort();
  sluice = await startSluice({
    ...process.env,
    PORT: String(port),
    SLUICE_STATE: state,
    SLUICE_ADMIN_TOKEN: token,
    SLUICE_MASTER_KEY: "c3lzdGVtLXRlc3Qtc3lzdGVtLXRlc3Qtc3lzdGVtLXQ=",
  });
  client = new Client(`http://localhost:${port}`, token);
}, 120_000);

afterAll(async () => {
  if (sluice !== null) killGroup(sluice);
  receiver.closeAllConnections();
  receiver.close();
  await rm(state, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

it("brings a slow API's answer back when it is done, signed, once", async () => {
  await client.call("POST", "/destinations", { slug: "slow", url: `${target}/slow` });
  const { secrets } = await client.call<{ secrets: string[] }>("GET", "/callbacks/secret");
  const publishedAt = Date.now();
  const { id } = await client.call("POST", "/events", {
    destinations: ["slow"],
    body: { report: 7 },
    callback_url: `${target}/done`,
  });
  expect(Date.now() - publishedAt).toBeLessThan(SLOW_MS);
  await expect.poll(() => callbacks.length, { timeout: 30_000 }).toBe(1);
  const [callback] = callbacks;
  expect((callback?.at ?? 0) - publishedAt).toBeGreaterThanOrEqual(SLOW_MS);
  const told = new Webhook(secrets[0] ?? "").verify(callback?.body ?? "", callback?.headers ?? {}) as Record<
    string,
    unknown
  >;
  expect(told).toMatchObject({
    event_id: id,
    status: "delivered",
    attempts_made: 1,
    response: { status: 200, body: JSON.stringify({ result: "ü", got: '{"report":7}' }) },
  });
  expect(Object.keys(told)).toEqual(["event_id", "delivery_id", "destination", "status", "attempts_made", "response"]);
  await expect
    .poll(async () => (await client.call("GET", "/deliveries?destination=callback_" + new URL(target).host))["data"])
    .toMatchObject([{ status: "delivered", attempts_made: 1 }]);
  expect(callbacks).toHaveLength(1);
});
