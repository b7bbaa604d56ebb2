// The command line as a user runs it, against two running Sluices: every command, its exit codes, and the way of a configuration from one to the other.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, createServer as createRelay, type AddressInfo, type Socket } from "node:net";
import { freePort } from "../../scripts/local-sluice.ts";
import { pause, startSystem, type Answer, type System } from "./harness.ts";

const root = join(import.meta.dirname, "../..");
const launcher = join(root, "cli/sluice.js");
const secrets = { SHOP_SECRET: "planted-shop-secret", ORDERS_TOKEN: "planted-orders-token" };

let folder = "";
let brokenAnswers = 410;
let system: System;
/** A second deployment. */
let other: System;

const answer: Answer = (path, response) => void response.writeHead(path === "/broken" ? brokenAnswers : 200).end();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-cli-"));
  system = await startSystem(answer);
  other = await startSystem(answer);
});

afterAll(async () => {
  await system.stop();
  await other.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const environment = ({ client } = system): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_OPTIONS: process.env["TEST_NODE_OPTIONS"] ?? "",
  HOME: folder,
  XDG_CONFIG_HOME: folder,
  SLUICE_URL: client.origin,
  SLUICE_TOKEN: client.token,
  ...secrets,
});

/** Ends with the exit code, whatever it is. */
function command(file: string, args: readonly string[], env: NodeJS.ProcessEnv, input = ""): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { cwd: root, env, timeout: 120_000 }, (error, out, err) => {
      if (error !== null && typeof error.code !== "number") reject(error);
      else resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
    child.stdin?.end(input);
  });
}

const sluice = (args: readonly string[], env = environment(), input?: string): Promise<Ended> =>
  command(process.execPath, [launcher, ...args], env, input);

const answerOf = async <T>(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<T> =>
  JSON.parse((await sluice([...args, "--json"], env)).out) as T;

const path = (name: string): string => join(folder, name);

/** Stands before Sluice, and can cut all connections. */
async function startRelay(port: number) {
  const open = new Set<Socket>();
  const relay = createRelay((near) => {
    const far = connect(port, "localhost");
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.pipe(other);
      socket.on("error", () => other.destroy()).on("close", () => (open.delete(socket), other.destroy()));
    }
  }).listen(0, "localhost");
  await once(relay, "listening");
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return { port: (relay.address() as AddressInfo).port, cut, close: () => (cut(), relay.close()) };
}

it("runs by its name in a checkout, and on a Node that reads no TypeScript", async () => {
  const named = await command("npx", ["sluice", "help"], { ...environment(), npm_config_offline: "true" });
  expect([named.code, named.out]).toEqual([0, expect.stringContaining("Usage: sluice COMMAND")]);
  const older = ["--no-experimental-strip-types", launcher];
  const helped = await command(process.execPath, [...older, "help"], environment());
  expect([helped.code, helped.out]).toEqual([0, named.out]);
  expect((await command(process.execPath, [...older, "fly"], environment())).code).toBe(2);
});

it("plans and applies a file, once and again", async () => {
  const document = {
    version: 1,
    sources: [
      {
        slug: "shop",
        verification: { type: "bearer", secrets: [{ env: "SHOP_SECRET" }] },
        event_type: { json: "order" },
        response: { status: 200 },
      },
    ],
    destinations: [
      { slug: "broken", url: `${system.target}/broken` },
      {
        slug: "orders",
        name: "Orders",
        url: `${system.target}/orders`,
        auth: { type: "bearer", token: { env: "ORDERS_TOKEN" } },
        rate_limit: { limit: 100 },
      },
    ],
    connections: [
      { slug: "shop-orders", source: "shop", destination: "orders", filter: { body: { order: { $gt: 0 } } } },
    ],
  };
  await writeFile(path("sluice.json"), JSON.stringify(document));
  const planned = await sluice(["plan", path("sluice.json"), "--exit-code"]);
  expect([planned.code, planned.err]).toEqual([3, ""]);
  expect(planned.out).toContain("+ connection shop-orders\n");
  expect(planned.out).toContain("4 to create, 0 to update, 0 to delete, 0 unchanged.");
  expect((await sluice(["apply", path("sluice.json")])).code).toBe(2);
  const applied = await sluice(["apply", path("sluice.json"), "--yes"]);
  expect([applied.code, applied.out]).toEqual([0, expect.stringMatching(/\nApplied\.\n$/)]);
  const again = await sluice(["plan", path("sluice.json"), "--prune", "--exit-code"]);
  expect([again.code, again.out]).toEqual([0, "0 to create, 0 to update, 0 to delete, 4 unchanged.\n"]);
  for (const { out } of [planned, applied, again]) expect(out).not.toContain("planted-");
});

it("carries a configuration to an empty deployment, where it exports the same document", async () => {
  expect((await sluice(["export", path("a.json")])).code).toBe(0);
  const first = await readFile(path("a.json"), "utf8");
  expect(first).not.toContain("planted-");
  expect((await sluice(["plan", path("a.json"), "--exit-code"])).code).toBe(0);
  const empty = environment(other);
  const refused = await sluice(["apply", path("a.json"), "--yes"], empty);
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(
    /422 invalid.*\n +\/sources\/0\/verification\/secrets\/0 has no stored .*\n +\/destinations\/1\/auth\/token has no stored /,
  );
  // The values that no export holds are given once, in place of the marks.
  const filled = JSON.parse(first) as {
    sources: { verification: object }[];
    destinations: { auth: object }[];
  };
  Object.assign(filled.sources[0]?.verification ?? {}, { secrets: [{ env: "SHOP_SECRET" }] });
  Object.assign(filled.destinations[1]?.auth ?? {}, { token: { env: "ORDERS_TOKEN" } });
  await writeFile(path("filled.json"), JSON.stringify(filled));
  expect((await sluice(["apply", path("filled.json"), "--yes"], empty)).code).toBe(0);
  expect((await sluice(["export", path("b.json")], empty)).code).toBe(0);
  expect(await readFile(path("b.json"), "utf8")).toBe(first);
  expect((await sluice(["plan", path("b.json"), "--prune", "--exit-code"], empty)).code).toBe(0);
});

it("sends, and shows what became of it, byte for byte", async () => {
  const body = '{"order": 12345678901234567890}\n';
  const sent = await sluice(["send", "shop", "--data", "-", "--wait"], environment(), body);
  expect([sent.code, sent.err]).toEqual([0, ""]);
  const [id = ""] = sent.out.split(" ");
  expect(sent.out).toMatch(/^evt_\S+ delivered\nDELIVERY/);
  expect(system.arrivals).toMatchObject([
    {
      path: "/orders",
      headers: { authorization: "Bearer planted-orders-token", "sluice-event-type": "12345678901234567890" },
      body: Buffer.from(body),
    },
  ]);
  expect((await sluice(["events", "get", id, "--body"])).out).toBe(body);
  expect((await sluice(["events", "get", id])).out).toMatch(/status +delivered\n/);
  const listed = await sluice(["events", "--source", "shop", "--from", "1h", "--status", "delivered"]);
  expect(listed.out).toMatch(new RegExp(`^EVENT .*\n${id} .* shop +12345678901234567890 +POST .* delivered\n$`));
  const typed = await answerOf<{ data: { id: string }[] }>(["events", "--type", "12345678901234567890"]);
  expect(typed.data.map((event) => event.id)).toEqual([id]);
  expect((await answerOf<{ data: unknown[] }>(["deliveries", "--type", "1234567890123456789"])).data).toEqual([]);
  const ignored = await sluice(["send", "shop", "--data", '{"order": 0}', "--wait"]);
  expect([ignored.code, ignored.out]).toEqual([1, expect.stringContaining("ignored")]);
});

it("retries the dead, and delivers again what was delivered", async () => {
  const sent = await sluice(["send", "--destination", "broken", "--data", "hello", "--wait"]);
  expect([sent.code, sent.out]).toEqual([
    1,
    expect.stringMatching(/ dead\nDELIVERY.*\n.* broken +dead +1 +the receiver is gone: HTTP 410/),
  ]);
  const dead = await answerOf<{ data: { id: string; event_id: string }[] }>([
    "deliveries",
    "--status",
    "dead",
    "--destination",
    "broken",
  ]);
  expect(dead.data).toHaveLength(1);
  const [{ id, event_id }] = dead.data as [{ id: string; event_id: string }];
  expect((await sluice(["deliveries", "get", id])).out).toMatch(/\n1 +\S+ +\d+ +410 +error response\n$/);
  expect((await sluice(["status", "--exit-code"])).code).toBe(3);
  brokenAnswers = 200;
  const retried = await sluice(["retry", id, "dlv_nothing"]);
  expect([retried.code, retried.out]).toEqual([
    1,
    expect.stringMatching(`^${id}  pending\ndlv_nothing  There is no such`),
  ]);
  const statusOf = async (): Promise<string> => (await answerOf<{ status: string }>(["deliveries", "get", id])).status;
  await expect.poll(statusOf, { timeout: 120_000, interval: 500 }).toBe("delivered");
  const before = system.arrivals.length;
  expect((await sluice(["replay", event_id])).out).toBe(`${event_id}  1 delivery\n`);
  await expect.poll(() => system.arrivals.length, { timeout: 120_000 }).toBe(before + 1);
  expect(system.arrivals.at(-1)).toMatchObject({ path: "/broken", body: Buffer.from("hello") });
});

it("redrives what a filter matches, waits for its end, and stops a run", async () => {
  brokenAnswers = 410;
  const send = (data: string) => sluice(["send", "--destination", "broken", "--data", data, "--wait"]);
  await Promise.all(["one", "two", "three"].map(send));
  brokenAnswers = 200;
  const before = system.arrivals.length;
  const dead = ["replay", "--status", "dead", "--destination", "broken"];
  expect((await sluice([...dead, "--dry-run"])).out).toBe("3 deliveries at 50 per second, about 1 s.\n");
  expect((await sluice(dead)).code).toBe(2);
  const redriven = await sluice([...dead, "--yes", "--wait"]);
  expect([redriven.code, redriven.out]).toEqual([
    0,
    expect.stringMatching(/^rpl_\S+ done: 3 of 3 queued, 3 delivered, 0 failed\.\n$/),
  ]);
  const bodies = system.arrivals.slice(before).map(({ body }) => body.toString());
  expect(bodies.sort()).toEqual(["one", "three", "two"]);

  brokenAnswers = 410;
  const again = ["replay", "--status", "delivered", "--destination", "broken", "--from", "1h", "--yes", "--json"];
  const failed = await sluice([...again, "--wait"]);
  expect([failed.code, JSON.parse(failed.out)]).toMatchObject([1, { status: "done", done: 0 }]);
  expect(JSON.parse(failed.out)).toMatchObject({ failed: (JSON.parse(failed.out) as { queued: number }).queued });
  const { id } = JSON.parse((await sluice([...again, "--rate", "0.01"])).out) as { id: string };
  const stopped = await sluice(["replay", id, "--cancel"]);
  expect([stopped.code, stopped.out]).toEqual([0, expect.stringContaining(`${id} cancelled: `)]);
  expect((await sluice(["replay", id, "--wait"])).code).toBe(1);
  const twice = await sluice(["replay", id, "--cancel", "--json"]);
  expect([twice.code, JSON.parse(twice.err)]).toMatchObject([1, { code: "replay_final" }]);
  brokenAnswers = 200;
});

it("serves assistants over standard input and output: reading, and writing only if that is allowed", async () => {
  const connect = async (...more: string[]) => {
    const client = new Client({ name: "test", version: "1" });
    const args = [launcher, "mcp", ...more];
    const env = Object.fromEntries(Object.entries(environment()).map(([name, value]) => [name, value ?? ""]));
    await client.connect(new StdioClientTransport({ command: process.execPath, args, env, cwd: root }));
    const names = (await client.listTools()).tools.map(({ name }) => name);
    const call = async (name: string, given: Record<string, unknown>) => {
      const { content, isError } = await client.callTool({ name, arguments: given });
      const [part] = content;
      const text = part?.type === "text" ? part.text : "";
      return { text, isError, answer: (text.startsWith("{") ? JSON.parse(text) : null) as Record<string, unknown> };
    };
    return { client, names, call };
  };
  brokenAnswers = 410;
  await sluice(["send", "--destination", "broken", "--data", "for the assistant", "--wait"]);
  const reading = await connect();
  expect(reading.names).toContain("explain_delivery");
  expect(reading.names).not.toContain("redrive");
  const found = await reading.call("find_deliveries", { status: "dead", destination: "broken", limit: 1 });
  const [dead] = found.answer["deliveries"] as { id: string; event_id: string }[];
  const explained = await reading.call("explain_delivery", { id: dead?.id });
  expect(explained.answer).toMatchObject({
    delivery: { destination: "broken", status: "dead" },
    next: expect.stringContaining("given up"),
    attempts: [{ response_status: 410 }],
    received: { body: "for the assistant" },
    sent: { attempt: 1, request: { method: "POST", url: `${system.target}/broken` } },
    health: { circuit: "closed" },
  });
  const filter = { body: { order: 1 } };
  expect((await reading.call("preview_filter", { filter, sample: { body: { order: 2 } } })).answer).toMatchObject({
    matched: false,
    failed_clause: expect.stringContaining("order"),
  });
  expect(await reading.call("get_event", { id: "evt_none" })).toMatchObject({
    isError: true,
    answer: { code: "not_found" },
  });
  await expect(reading.call("redrive", { status: "dead" })).rejects.toThrow(/redrive/);
  const listed = await reading.call("list_configuration", {});
  for (const { text } of [found, explained, listed]) {
    expect(text).not.toContain("planted-");
    expect(text).not.toContain(system.client.token);
  }
  await reading.client.close();

  brokenAnswers = 200;
  const writing = await connect("--allow-writes");
  expect(writing.names).toContain("redrive");
  expect((await writing.call("retry_delivery", { id: dead?.id })).answer).toMatchObject({ status: "pending" });
  await expect
    .poll(async () => (await writing.call("get_event", { id: dead?.event_id })).answer["status"], { timeout: 120_000 })
    .toBe("delivered");
  await writing.client.close();
});

it("follows what comes in until it is stopped", async () => {
  const child = spawn(
    process.execPath,
    [launcher, "events", "--follow", "--from", new Date().toISOString(), "--json"],
    { cwd: root, env: environment() },
  );
  const lines: { source_slug: string }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) =>
    lines.push(JSON.parse(line) as { source_slug: string }),
  );
  await sluice(["send", "shop", "--data", '{"order": 7}', "--wait"]);
  await expect.poll(() => lines.length, { timeout: 120_000 }).toBe(1);
  expect(lines[0]?.source_slug).toBe("shop");
  child.kill("SIGINT");
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  expect([code, signal]).toEqual([null, "SIGINT"]);
});

it("listens, and loses nothing over ten disconnections", async () => {
  const cuts = 10;
  await system.client.call("POST /sources", { body: { slug: "hooks" } });
  const received: string[] = [];
  const server = createServer((request, response) => {
    received.push(String(request.headers["sluice-event-id"]));
    response.writeHead(200, { "x-local": "yes" }).end(`got ${request.url ?? ""}`);
  }).listen(0, "localhost");
  await once(server, "listening");
  const relay = await startRelay(Number(new URL(system.client.origin).port));
  const child = spawn(
    process.execPath,
    [
      launcher,
      "listen",
      String((server.address() as AddressInfo).port),
      "--source",
      "hooks",
      "--name",
      "laptop",
      "--path",
      "/local",
    ],
    {
      cwd: root,
      env: { ...environment(), SLUICE_URL: `http://localhost:${relay.port}` },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  child.stderr.on("data", (text: Buffer) => (said += text.toString()));
  child.stdout.on("data", () => undefined);
  const connections = (): number => said.split("Connected: ").length - 1;

  const sent: string[] = [];
  for (let cut = 0; cut < cuts; cut++) {
    await expect.poll(connections, { timeout: 120_000, interval: 20 }).toBe(cut + 1);
    sent.push(await system.post("hooks/in"));
    // Now and then while a request is on its way, now and then before.
    if (cut % 2 === 0) await pause(700);
    relay.cut();
    sent.push(await system.post("hooks/in"));
  }
  await expect.poll(() => new Set(received).size, { timeout: 120_000, interval: 100 }).toBe(sent.length);
  expect(new Set(received)).toEqual(new Set(sent));
  const delivered = async () =>
    (await answerOf<{ data: { status: string; attempts_made: number }[] }>(["deliveries", "--destination", "laptop"]))
      .data;
  await expect
    .poll(async () => (await delivered()).every(({ status }) => status === "delivered"), { timeout: 120_000 })
    .toBe(true);
  expect(await delivered()).toHaveLength(sent.length);
  expect((await delivered()).map(({ attempts_made }) => attempts_made)).toEqual(sent.map(() => 1));
  expect(said.match(/^Not connected: /gm)).toHaveLength(cuts);
  const [last] = (await answerOf<{ data: { id: string }[] }>(["deliveries", "--destination", "laptop", "--limit", "1"]))
    .data;
  const recorded = await answerOf<{ attempts: object[] }>(["deliveries", "get", last?.id ?? ""]);
  expect(recorded.attempts).toMatchObject([
    { response_status: 200, response_headers: { "x-local": "yes" }, response_body: "got /local/in" },
  ]);

  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(said).toContain("Not connected any more.");
  const { listeners } = await system.client.call("GET /destinations/{id}/health", { id: "laptop" });
  expect(listeners).toBe(0);
  server.close();
  relay.close();
});

it("shows what happens while it happens, until it is stopped", async () => {
  const child = spawn(process.execPath, [launcher, "tail", "--source", "shop"], { cwd: root, env: environment() });
  let [out, err] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (out += text.toString()));
  child.stderr.on("data", (text: Buffer) => (err += text.toString()));
  await expect.poll(() => err, { timeout: 120_000 }).toBe("Connected.\n");
  await sluice(["send", "shop", "--data", '{"order": 8}', "--wait"]);
  await expect
    .poll(() => out.split("\n").sort(), { timeout: 120_000 })
    .toEqual([
      "",
      expect.stringMatching(/^\S+ {2}evt_\w+ {2}shop {2}8 {2}POST/),
      expect.stringMatching(/^\S+ {2}evt_\w+ {2}→ orders {2}delivered {2}HTTP 200$/),
    ]);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

it("shows the queues", async () => {
  const shown = await sluice(["status", "--all"]);
  expect(shown.code).toBe(0);
  expect(shown.out).toMatch(/^QUEUE .*\n(.*\n)*.*events +\d+/);
  expect(shown.out).toMatch(/\nDatabase: .* of 10 GB\.\n/);
  expect(shown.out).toMatch(/\norders +0 +- +healthy/);
});

it("ends with 1 when it is refused or nothing answers, and never prints the token [G8]", async () => {
  const wrong = await sluice(["events"], { ...environment(), SLUICE_TOKEN: "not-the-token" });
  expect([wrong.code, wrong.out]).toEqual([1, ""]);
  expect(wrong.err).toMatch(/^sluice: .*\(401 unauthorized\)\n/);
  const away = await sluice(["status"], {
    ...environment(),
    SLUICE_URL: `http://localhost:${await freePort()}`,
  });
  expect([away.code, away.err]).toEqual([1, expect.stringContaining("Cannot reach Sluice")]);
  const bad = await sluice(["events", "--source", "nowhere", "--json"]);
  expect([bad.code, JSON.parse(bad.err)]).toMatchObject([
    1,
    { code: "invalid", errors: [{ pointer: "/query/source" }] },
  ]);
  await writeFile(
    path("bad.json"),
    JSON.stringify({
      destinations: [
        { slug: "a", url: "https://a.example.com/" },
        { slug: "b", url: "ftp://x" },
      ],
    }),
  );
  const file = await sluice(["apply", path("bad.json"), "--yes"]);
  expect([file.code, file.err]).toEqual([1, expect.stringContaining("\n  /destinations/1/url ")]);
  const misused = await sluice(["events", "--nonsense"]);
  expect([misused.code, misused.out]).toEqual([2, ""]);
  for (const { out, err } of [wrong, away, bad, file, misused])
    for (const token of ["not-the-token", system.client.token]) expect(out + err).not.toContain(token);
});
