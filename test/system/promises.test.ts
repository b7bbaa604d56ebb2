// What must hold on the running system: isolation, pace and large bodies, over HTTP only, as a user would see it.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort, killGroup, startSluice } from "../../scripts/crash-test.ts";
import { Client } from "../../scripts/demo/client.ts";
import { newState } from "./migrated.ts";

const token = "token-of-the-system-tests";
let state = "";
let sluice: Awaited<ReturnType<typeof startSluice>> | null = null;
let client = new Client("", token);
let target = "";
const arrivals: { path: string; at: number; sentAt: number; digest: string }[] = [];

const receiver = createServer((request: IncomingMessage, response) => {
  const hash = createHash("sha256");
  request.on("data", (chunk: Buffer) => hash.update(chunk));
  request.on("end", () => {
    const sentAt = Number(request.headers["x-sent-at"] ?? 0);
    arrivals.push({ path: request.url ?? "", at: Date.now(), sentAt, digest: hash.digest("hex") });
    // A destination that never answers does just that.
    if (request.url !== "/never") response.end("ok");
  });
});

async function route(
  name: string,
  destination: Record<string, unknown>,
  source: Record<string, unknown> = {},
): Promise<void> {
  await client.call("POST", "/sources", { slug: name, ...source });
  await client.call("POST", "/destinations", { slug: name, url: `${target}/${name}`, ...destination });
  await client.call("POST", "/connections", { source: name, destination: name });
}
const post = (slug: string, body = "{}"): Promise<number> =>
  client.post(slug, Buffer.from(body), { "x-sent-at": String(Date.now()) });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

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
    SLUICE_MASTER_KEY: "system-test",
  });
  client = new Client(`http://localhost:${port}`, token);
}, 120_000);

afterAll(async () => {
  if (sluice !== null) killGroup(sluice);
  receiver.closeAllConnections();
  receiver.close();
  await rm(state, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

it("takes a body of 5 MB through R2, byte for byte [G6]", async () => {
  await route("large", {}, { max_body_bytes: 6_000_000 });
  const body = new Uint8Array(randomBytes(5_000_000));
  await client.post("large", body, { "content-type": "application/octet-stream" });
  await expect
    .poll(() => arrivals.find((arrival) => arrival.path === "/large")?.digest, { timeout: 30_000 })
    .toBe(createHash("sha256").update(body).digest("hex"));
});

it("holds 500 events to burst + 10 a second in every window, each deferred at most twice [G4] [G11]", async () => {
  await route("paced", { rate_limit: { limit: 10, period_seconds: 1 } });
  for (let i = 0; i < 50; i++) await Promise.all(Array.from({ length: 10 }, () => post("paced")));
  const delivered = async (): Promise<number> =>
    (await client.deliveries("paced")).filter((delivery) => delivery["status"] === "delivered").length;
  await expect.poll(delivered, { timeout: 120_000, interval: 2_000 }).toBe(500);
  const records = await client.deliveries("paced");
  expect(Math.max(...records.map((record) => Number(record["deferrals"])))).toBeLessThanOrEqual(2);
  expect(records.every((record) => record["attempts_made"] === 1)).toBe(true);
  const times = arrivals
    .filter((arrival) => arrival.path === "/paced")
    .map((arrival) => arrival.at)
    .sort((a, b) => a - b);
  expect(times).toHaveLength(500);
  let worst = -Infinity;
  times.forEach((from, first) => {
    for (let last = first; last < times.length; last++) {
      worst = Math.max(worst, last - first + 1 - (10 + ((times[last] ?? 0) - from) / 100));
    }
  });
  console.log(
    `paced: worst window ${worst.toFixed(2)} over burst + rate × time, ${((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000} s in all`,
  );
  expect(worst).toBeLessThanOrEqual(0);
});

it("lets a destination that never answers hold up a healthy one by one timeout, once [G5]", async () => {
  const timeoutMs = 6_000;
  await route("never", { timeout_ms: timeoutMs });
  await route("healthy", {});
  for (let i = 0; i < 40; i++) await post("never");
  const startedAt = Date.now();
  let sent = 0;
  while (Date.now() - startedAt < 3 * timeoutMs) {
    await post("healthy");
    sent += 1;
    await pause(200);
  }
  const healthy = () => arrivals.filter((arrival) => arrival.path === "/healthy");
  await expect.poll(() => healthy().length, { timeout: 20_000 }).toBe(sent);
  const delays = healthy().map((arrival) => ({
    sentAfterMs: arrival.sentAt - startedAt,
    delayMs: arrival.at - arrival.sentAt,
  }));
  const late = delays.filter((one) => one.delayMs >= 2_000);
  const after = delays.filter((one) => one.sentAfterMs > timeoutMs + 2_500);
  console.log(
    `healthy: worst delay ${Math.max(...delays.map((one) => one.delayMs))} ms, ${late.length} of ${sent} over 2 s, worst after the first timeout ${Math.max(...after.map((one) => one.delayMs))} ms`,
  );
  expect(Math.max(...delays.map((one) => one.delayMs))).toBeLessThanOrEqual(timeoutMs + 2_000);
  expect(Math.max(...after.map((one) => one.delayMs))).toBeLessThan(timeoutMs / 2);
});
