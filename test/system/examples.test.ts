// The examples, as a reader runs them, against one Sluice. Their destinations' hosts are replaced by a receiver on this machine.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Queue } from "../../examples/from-bullmq/queue.ts";
import { freePort } from "../../scripts/local-sluice.ts";
import { startSystem, type Arrival, type System } from "./harness.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const whsec = `whsec_${randomBytes(24).toString("base64")}`;
const SECRETS = {
  STRIPE_SECRET: "whsec_of_stripe",
  BILLING_SECRET: whsec,
  SHOPIFY_SECRET: "of-shopify",
  PAYOUTS_TOKEN: "of-payouts",
  BANK_SECRET: "of-the-bank",
  CLICKS_TOKEN: "of-clicks",
  RECEIPTS_SECRET: whsec,
};
const tried = new Set<string>();
const children: ChildProcess[] = [];
let system: System;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-examples-"));
  system = await startSystem((path, response) =>
    response.end(
      path === "/token" ? '{"access_token": "t", "token_type": "bearer", "expires_in": 3600}' : '{"pages": 12}',
    ),
  );
});
afterAll(async () => {
  for (const child of children) child.kill();
  await system.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Applies an example's configuration. @param hosts what stands for the host names in it; the receiver by default */
async function apply(example: string, hosts: Readonly<Record<string, string>> = {}): Promise<void> {
  tried.add(example);
  const text = await readFile(join(root, "examples", example, "sluice.json"), "utf8");
  const file = join(folder, `${example}.json`);
  await writeFile(
    file,
    text.replaceAll(/https:\/\/([\w.]+\.example\.com)/g, (_url, host: string) => hosts[host] ?? system.target),
  );
  const { client } = system;
  const env = { ...process.env, ...SECRETS, SLUICE_URL: client.origin, SLUICE_TOKEN: client.token };
  await run(process.execPath, [join(root, "cli/sluice.js"), "apply", file, "--yes"], { cwd: root, env });
}

/** Starts an example's program. @returns what it prints */
function start(path: string, env: Readonly<Record<string, string>>, ...args: string[]): () => string {
  tried.add(path.split("/")[0] ?? "");
  const child = spawn(process.execPath, [join(root, "examples", path), ...args], { env: { ...process.env, ...env } });
  children.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return () => output;
}

const arrivals = (path: string): Arrival[] => system.arrivals.filter((arrival) => arrival.path === path);
const within = { timeout: 120_000, interval: 50 };
const hmac = (key: string, text: string, encoding: "hex" | "base64") =>
  createHmac("sha256", key).update(text).digest(encoding);

it("stripe-receiver takes what Sluice signs, each event once, and nothing else", async () => {
  const port = await freePort();
  const printed = start("stripe-receiver/receiver.ts", { BILLING_SECRET: whsec, PORT: String(port) });
  await expect.poll(printed, within).toContain("ready");
  await apply("stripe-receiver", { "billing.example.com": `http://localhost:${port}` });
  const send = (body: string) => {
    const t = Math.floor(Date.now() / 1000);
    const signature = `t=${t},v1=${hmac(SECRETS.STRIPE_SECRET, `${t}.${body}`, "hex")}`;
    return system.post("stripe", body, { "stripe-signature": signature, "content-type": "application/json" });
  };
  const id = await send('{"id": "evt_1", "type": "charge.succeeded"}');
  await send('{"id": "evt_1", "type": "charge.succeeded"}');
  await expect.poll(printed, within).toContain(`${id} charge.succeeded`);
  await system.client.call("POST /events/{id}/replay", { id, body: {} });
  const other = await send('{"id": "evt_2", "type": "charge.failed"}');
  await expect.poll(printed, within).toContain(`${other} charge.failed`);
  expect(printed().match(/charge\./g)).toHaveLength(2);
  const forged = await fetch(`http://localhost:${port}`, { method: "POST", body: "{}" });
  expect(forged.status).toBe(401);
});

it("shopify-fan-out gives each destination what its filter takes, and a repeated webhook to none", async () => {
  await apply("shopify-fan-out");
  const send = (topic: string, id: string, total: number) => {
    const body = JSON.stringify({ id, total });
    const headers = { "x-shopify-topic": topic, "x-shopify-webhook-id": id, "content-type": "application/json" };
    return system.post("shopify", body, {
      ...headers,
      "x-shopify-hmac-sha256": hmac(SECRETS.SHOPIFY_SECRET, body, "base64"),
    });
  };
  await send("orders/paid", "1", 20);
  await send("orders/paid", "1", 20);
  await send("orders/paid", "2", 5_000);
  await send("refunds/create", "3", 20);
  await send("carts/update", "4", 20);
  const ids = (path: string) =>
    arrivals(path)
      .map(({ body }) => (JSON.parse(body.toString()) as { id: string }).id)
      .toSorted();
  await expect
    .poll(() => [ids("/orders"), ids("/shopify"), ids("/large-orders")], within)
    .toEqual([["1", "2"], ["1", "2", "3"], ["2"]]);
});

it("slow-bank-api sends two requests a second at most, with a token of the bank's", async () => {
  await apply("slow-bank-api");
  const count = 6;
  for (let n = 0; n < count; n++)
    await system.post("payouts", `{"payout": ${n}}`, { authorization: "Bearer of-payouts" });
  await expect.poll(() => arrivals("/transfers").length, within).toBe(count);
  const [sent, times] = [arrivals("/transfers"), arrivals("/transfers").map(({ at }) => at)];
  expect(sent.every(({ headers }) => headers.authorization === "Bearer t")).toBe(true);
  // Six at two a second, without a burst: 2.5 seconds from the first to the last, but for what the network takes.
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(2_400);
});

it("analytics-batches sends many events in one request", async () => {
  await apply("analytics-batches");
  const ids = await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      system.post("clicks", `{"click": ${n}}`, { authorization: "Bearer of-clicks" }),
    ),
  );
  const lines = () => arrivals("/bulk").flatMap(({ body }) => body.toString().trim().split("\n"));
  await expect.poll(() => lines().length, within).toBe(40);
  expect(
    lines()
      .map((line) => (JSON.parse(line) as { id: string }).id)
      .toSorted(),
  ).toEqual(ids.toSorted());
  expect(arrivals("/bulk").length).toBeLessThan(10);
});

it("callbacks tells how the delivery ended", async () => {
  const { client, target } = system;
  await client.call("POST /destinations", { body: { slug: "reports", url: `${target}/report` } });
  const port = await freePort();
  const env = {
    SLUICE_URL: client.origin,
    SLUICE_TOKEN: client.token,
    PUBLIC_URL: `http://localhost:${port}`,
    PORT: String(port),
  };
  const printed = start("callbacks/report.ts", env, "reports");
  await expect.poll(printed, within).toBe('published\ndelivered: {"pages": 12}\n');
});

it("from-bullmq adds jobs with a delay and an id like BullMQ's queue", async () => {
  tried.add("from-bullmq");
  const { client, target } = system;
  await client.call("POST /destinations", { body: { slug: "mail", url: `${target}/mail` } });
  const queue = new Queue("mail", { url: client.origin, token: client.token });
  const at = Date.now();
  const first = await queue.add("welcome", { to: "a" }, { jobId: "a" });
  expect(await queue.add("welcome", { to: "a" }, { jobId: "a" })).toEqual(first);
  await queue.add("reminder", { to: "b" }, { delay: 3_000 });
  await expect.poll(() => arrivals("/mail").length, within).toBe(2);
  const [welcome, reminder] = arrivals("/mail");
  expect([welcome?.headers["x-job-name"], welcome?.body.toString()]).toEqual(["welcome", '{"to":"a"}']);
  expect([reminder?.headers["x-job-name"], (reminder?.at ?? 0) - at >= 3_000]).toEqual(["reminder", true]);
});

it("from-laravel runs the jobs that it pushes once each, again after an exception, and none that is not signed", async () => {
  const { client } = system;
  const [port, file] = [await freePort(), join(folder, "receipts.txt")];
  const at = `http://127.0.0.1:${port}`;
  await apply("from-laravel", { "app.example.com": at });
  const path = (name: string) => join(root, "examples/from-laravel", name);
  const env = { ...process.env, SLUICE_SECRET: `whsec_AAAA ${whsec}`, RECEIPTS: file, DONE: folder };
  children.push(spawn("php", ["-S", `127.0.0.1:${port}`, path("server.php")], { env, stdio: "ignore" }));
  const unsigned = async () =>
    fetch(`${at}/sluice/jobs`, {
      method: "POST",
      body: '{"order": "forged"}',
      headers: { "x-job": "SendReceipt" },
    }).then(
      ({ status }) => status,
      () => null,
    );
  await expect.poll(unsigned, within).toBe(401);
  const { stdout } = await run("php", [path("dispatch.php")], {
    env: { ...process.env, SLUICE_URL: client.origin, SLUICE_TOKEN: client.token },
  });
  expect(stdout).toBe("pushed\n");
  const done = async () => (await readFile(file, "utf8").catch(() => "")).split("\n").filter(Boolean).toSorted();
  await expect.poll(done, within).toHaveLength(3);
  expect(await done()).toEqual(["order-1 attempt 1", "order-2 attempt 2", "order-3 attempt 1"]);
});

it("all of them are tried here, but GitHub Actions, which test/docs/release.test.ts tries", async () => {
  const folders = (await readdir(join(root, "examples"), { withFileTypes: true })).filter((entry) =>
    entry.isDirectory(),
  );
  expect([...tried, "github-actions"].toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
});
