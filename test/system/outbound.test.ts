// What a destination can do to a request on a real network: the error that is named, what is read, and what is not.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer as createTcp, type AddressInfo, type Server } from "node:net";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, killGroup, startSluice } from "../../scripts/crash-test.ts";
import { Client } from "../../scripts/demo/client.ts";
import { newState } from "./migrated.ts";

const token = "token-of-the-system-tests";
const gigabyte = 1_000_000_000;
let state = "";
let sluice: Awaited<ReturnType<typeof startSluice>> | null = null;
let client = new Client("", token);
let own = "";
const servers: Server[] = [];
/** Requests by path, and for each answer that was streamed the bytes that left. */
const seen: { path: string; method: string; headers: IncomingMessage["headers"] }[] = [];
const streamed = new Map<string, number>();

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function stream(path: string, response: ServerResponse, total: number): void {
  const chunk = Buffer.alloc(65_536, "x");
  let left = total;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= chunk.length;
      streamed.set(path, (streamed.get(path) ?? 0) + chunk.length);
      if (!response.write(chunk)) return void response.once("drain", more);
    }
    response.end();
  };
  more();
}

const receiver = createHttp((request, response) => {
  const path = new URL(request.url ?? "/", "http://x").pathname;
  seen.push({ path, method: request.method ?? "", headers: request.headers });
  request.resume();
  switch (path) {
    case "/hangs":
      return;
    case "/stalls":
      response.writeHead(200).write("begun");
      return;
    case "/breaks":
      response.writeHead(200).write("begun");
      setTimeout(() => request.socket.resetAndDestroy(), 50);
      return;
    case "/moves":
      response.writeHead(302, { location: "/moved" }).end();
      return;
    case "/endless":
      return stream(path, response, Infinity);
    case "/gigabyte":
      response.setHeader("content-length", String(Math.ceil(gigabyte / 65_536) * 65_536));
      return stream(path, response, gigabyte);
    default:
      response.end("ok");
  }
});

async function route(name: string, destination: Record<string, unknown>): Promise<void> {
  await client.call("POST", "/sources", { slug: name });
  await client.call("POST", "/destinations", { slug: name, ...destination });
  await client.call("POST", "/connections", { source: name, destination: name });
  await client.post(name, Buffer.from("{}"), { "content-type": "application/json" });
}

/** The first attempt that was made for the one event to this destination. */
async function firstAttempt(name: string): Promise<Record<string, unknown>> {
  let id: unknown;
  await expect
    .poll(
      async () => {
        id = (await client.deliveries(name)).find((one) => Number(one["attempts_made"]) > 0)?.["id"];
        return typeof id;
      },
      { timeout: 30_000, interval: 200 },
    )
    .toBe("string");
  const { attempts } = await client.call<{ attempts: Record<string, unknown>[] }>("GET", `/deliveries/${id as string}`);
  return attempts[0] ?? {};
}

beforeAll(async () => {
  state = await newState();
  const port = await freePort();
  own = `http://localhost:${port}`;
  sluice = await startSluice({
    ...process.env,
    PORT: String(port),
    SLUICE_STATE: state,
    SLUICE_ADMIN_TOKEN: token,
    SLUICE_MASTER_KEY: "system-test",
  });
  client = new Client(own, token);
}, 120_000);

afterAll(async () => {
  if (sluice !== null) killGroup(sluice);
  receiver.closeAllConnections();
  for (const server of servers) server.close();
  await rm(state, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

describe("an attempt", () => {
  let target = "";
  beforeAll(async () => {
    target = `http://127.0.0.1:${await listen(receiver)}`;
  });

  it("names a port that refuses", async () => {
    await route("refused", { url: `http://127.0.0.1:${await freePort()}/` });
    expect(await firstAttempt("refused")).toMatchObject({ error: "connect_refused", response_status: null });
  });

  it("names a host that does not exist", async () => {
    await route("unknown", { url: "http://no-such-host.invalid/" });
    expect(await firstAttempt("unknown")).toMatchObject({ error: "dns", response_status: null });
  });

  it("names a certificate that nobody vouches for", async () => {
    const [key, cert] = [join(state, "key.pem"), join(state, "cert.pem")];
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost"], { stdio: "ignore" }); // prettier-ignore
    const server = createHttps({ key: await readFile(key), cert: await readFile(cert) }, (_request, response) =>
      response.end("ok"),
    );
    await route("untrusted", { url: `https://127.0.0.1:${await listen(server)}/` });
    expect(await firstAttempt("untrusted")).toMatchObject({ error: "tls", response_status: null });
  });

  it("names a connection that is reset before the answer, and one that breaks within it", async () => {
    const server = createTcp((socket) => {
      socket.on("error", () => undefined).once("data", () => socket.resetAndDestroy());
    });
    await route("reset", { url: `http://127.0.0.1:${await listen(server)}/` });
    await route("breaks", { url: `${target}/breaks` });
    expect(await firstAttempt("reset")).toMatchObject({ error: "reset", response_status: null });
    expect(await firstAttempt("breaks")).toMatchObject({ error: "reset", response_status: 200 });
  });

  it("ends with its time, be it without an answer or within one", async () => {
    await route("hangs", { url: `${target}/hangs`, timeout_ms: 700 });
    await route("stalls", { url: `${target}/stalls`, timeout_ms: 700 });
    const [hangs, stalls] = [await firstAttempt("hangs"), await firstAttempt("stalls")];
    expect(hangs).toMatchObject({ error: "timeout", response_status: null });
    expect(stalls).toMatchObject({ error: "timeout", response_status: 200, response_body: "begun" });
    for (const { duration_ms } of [hangs, stalls]) {
      expect(Number(duration_ms)).toBeGreaterThanOrEqual(690);
      expect(Number(duration_ms)).toBeLessThan(2_500);
    }
  });

  it("follows no redirect", async () => {
    await route("moves", { url: `${target}/moves` });
    expect(await firstAttempt("moves")).toMatchObject({
      error: "redirect",
      response_status: 302,
      response_headers: { location: "/moved" },
    });
    expect(seen.map(({ path }) => path)).not.toContain("/moved");
  });

  it.each(["endless", "gigabyte"])("reads 4 KiB of an answer that is %s, and lets go of the rest", async (name) => {
    await route(name, { url: `${target}/${name}` });
    const attempt = await firstAttempt(name);
    expect(attempt).toMatchObject({ error: null, response_status: 200, response_body: "x".repeat(4_096) });
    expect(Number(attempt["duration_ms"])).toBeLessThan(2_000);
    // The connection is closed: nothing more leaves the server.
    let before = -1;
    await expect
      .poll(
        () => {
          const still = streamed.get(`/${name}`) === before;
          before = streamed.get(`/${name}`) ?? 0;
          return still;
        },
        { timeout: 10_000, interval: 500 },
      )
      .toBe(true);
    console.log(`${name}: ${before} bytes left the server`);
    expect(before).toBeLessThan(20_000_000);
  });

  it("carries headers with variables and a count of hops", async () => {
    await route("templated", {
      url: `${target}/templated`,
      headers: { "x-trace": "{{source.slug}}:{{attempt}}:{{event.id}}:{{header.content-type}}" },
    });
    await firstAttempt("templated");
    const headers = seen.find(({ path }) => path === "/templated")?.headers;
    expect(headers?.["x-trace"]).toMatch(/^templated:1:evt_[0-9a-z]+:application\/json$/);
    expect(headers?.["sluice-hops"]).toBe("1");
  });
});

describe("a circle [G10]", () => {
  it("cannot be configured under the name that the API is called by", async () => {
    const answer = await fetch(`${own}/api/v1/destinations`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ slug: "own", url: `${own}/in/circle` }),
    });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: "/url" }] });
  });

  const ended = async (source: string): Promise<Record<string, unknown>[]> => {
    let last: Record<string, unknown>[] = [];
    await expect
      .poll(
        async () => {
          last = await client.deliveries(source);
          return last.filter((delivery) => delivery["status"] === "dead").length;
        },
        { timeout: 60_000, interval: 500 },
      )
      .toBe(1);
    return last;
  };

  it("by way of another name of Sluice ends when the request comes in by that name", async () => {
    await route("alias", { url: `${own.replace("localhost", "127.0.0.1")}/in/alias` });
    const deliveries = await ended("alias");
    expect(deliveries).toHaveLength(2);
    expect(deliveries.find((delivery) => delivery["status"] === "dead")).toMatchObject({
      last_error: "not_retryable: loop",
      last_response_status: null,
    });
  });

  it("by way of somebody who passes requests on ends after five hops", async () => {
    const passesOn = createHttp((request, response) => {
      request.resume();
      const hops = String(request.headers["sluice-hops"]);
      const sent = fetch(`${own}/in/circle`, { method: "POST", body: "{}", headers: { "sluice-hops": hops } });
      void sent.then(({ status, headers }) =>
        response.writeHead(status, { "webhook-delivery": headers.get("webhook-delivery") ?? "" }).end(),
      );
    });
    await route("circle", { url: `http://127.0.0.1:${await listen(passesOn)}/` });
    const deliveries = await ended("circle");
    expect(deliveries).toHaveLength(6);
    expect(deliveries.find((delivery) => delivery["status"] === "dead")).toMatchObject({
      last_error: "aborted_by_receiver: loop",
      last_response_status: 508,
    });
  });
});
