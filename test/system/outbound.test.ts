// What a destination can do to a request on a real network: the error that is named, what is read, and what is not.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttp, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer as createTcp, type AddressInfo, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { freePort } from "../../scripts/local-sluice.ts";
import { startSystem, type Answer, type System } from "./harness.ts";

const gigabyte = 1_000_000_000;
let system: System;
let own = "";
const servers: Server[] = [];
/** For each answer that is streamed the bytes that left, by path. */
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

const answer: Answer = (url, response, request) => {
  const path = new URL(url, "http://x").pathname;
  switch (path) {
    case "/hangs":
      return;
    case "/stalls":
      response.writeHead(500).write("begun");
      return;
    case "/breaks":
      response.writeHead(500).write("begun");
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
};

/** A route of that name, and an event on its way. */
async function send(name: string, destination: Parameters<System["route"]>[1] = {}): Promise<void> {
  await system.route(name, destination);
  await system.post(name, "{}", { "content-type": "application/json" });
}

/** The first attempt that was made for the one event to this destination. */
async function firstAttempt(name: string) {
  const attempted = async () => (await system.client.deliveriesOf(name)).find((one) => one.attempts_made > 0);
  const { id } = await vi.waitUntil(attempted, { timeout: 120_000, interval: 200 });
  const [attempt] = (await system.client.delivery(id)).attempts;
  if (attempt === undefined) throw new Error("no attempt is on record");
  return attempt;
}

beforeAll(async () => {
  system = await startSystem(answer);
  own = system.client.origin;
});

afterAll(async () => {
  await system.stop();
  for (const server of servers) server.close();
});

describe("an attempt", () => {
  it("names a port that refuses", async () => {
    await send("refused", { url: `http://127.0.0.1:${await freePort()}/` });
    expect(await firstAttempt("refused")).toMatchObject({ error: "connect_refused", response_status: null });
  });

  it("names a host that does not exist", async () => {
    await send("unknown", { url: "http://no-such-host.invalid/" });
    expect(await firstAttempt("unknown")).toMatchObject({ error: "dns", response_status: null });
  });

  it("names a certificate that no authority has signed", async () => {
    const made = execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "-", "-out", "-", "-subj", "/CN=localhost"]); // prettier-ignore
    const server = createHttps({ key: made, cert: made }, (_request, response) => response.end("ok"));
    await send("untrusted", { url: `https://127.0.0.1:${await listen(server)}/` });
    expect(await firstAttempt("untrusted")).toMatchObject({ error: "tls", response_status: null });
  });

  it("names a connection that is reset before the answer, and one that breaks within it", async () => {
    const server = createTcp((socket) => {
      socket.on("error", () => undefined).once("data", () => socket.resetAndDestroy());
    });
    await send("reset", { url: `http://127.0.0.1:${await listen(server)}/` });
    await send("breaks");
    expect(await firstAttempt("reset")).toMatchObject({ error: "reset", response_status: null });
    expect(await firstAttempt("breaks")).toMatchObject({ error: "reset", response_status: 500 });
  });

  it("ends with its time, be it without an answer or within one", async () => {
    await send("hangs", { timeout_ms: 700 });
    await send("stalls", { timeout_ms: 700 });
    const [hangs, stalls] = [await firstAttempt("hangs"), await firstAttempt("stalls")];
    expect(hangs).toMatchObject({ error: "timeout", response_status: null });
    expect(stalls).toMatchObject({ error: "timeout", response_status: 500, response_body: "begun" });
    for (const { duration_ms } of [hangs, stalls]) {
      expect(duration_ms).toBeGreaterThanOrEqual(690);
      expect(duration_ms).toBeLessThan(10_000);
    }
  });

  it("follows no redirect", async () => {
    await send("moves");
    expect(await firstAttempt("moves")).toMatchObject({
      error: "redirect",
      response_status: 302,
      response_headers: { location: "/moved" },
    });
    expect(system.to("moved")).toEqual([]);
  });

  it.each(["endless", "gigabyte"])("reads 4 KiB of an answer that is %s, and lets go of the rest", async (name) => {
    await send(name);
    const attempt = await firstAttempt(name);
    expect(attempt).toMatchObject({ error: null, response_status: 200, response_body: "x".repeat(4_096) });
    expect(attempt.duration_ms).toBeLessThan(15_000);
    // The connection is closed: nothing more leaves the server.
    let before = -1;
    await expect
      .poll(
        () => {
          const still = streamed.get(`/${name}`) === before;
          before = streamed.get(`/${name}`) ?? 0;
          return still;
        },
        { timeout: 120_000, interval: 500 },
      )
      .toBe(true);
    console.log(`${name}: ${before} bytes left the server`);
    expect(before).toBeLessThan(20_000_000);
  });

  it("carries headers with variables and a count of hops", async () => {
    await send("templated", {
      headers: { "x-trace": "{{source.slug}}:{{attempt}}:{{event.id}}:{{header.content-type}}" },
    });
    await firstAttempt("templated");
    const headers = system.to("templated")[0]?.headers;
    expect(headers?.["x-trace"]).toMatch(/^templated:1:evt_[0-9a-z]+:application\/json$/);
    expect(headers?.["sluice-hops"]).toBe("1");
  });
});

describe("a circle [G10]", () => {
  it("cannot be configured under the name that the API is called by", async () => {
    const answer = await fetch(`${own}/api/v1/destinations`, {
      method: "POST",
      headers: { authorization: `Bearer ${system.client.token}` },
      body: JSON.stringify({ slug: "own", url: `${own}/in/circle` }),
    });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: "/url" }] });
  });

  const ended = (source: string) =>
    vi.waitUntil(
      async () => {
        const deliveries = await system.client.deliveriesOf(source);
        return deliveries.some(({ status }) => status === "dead") && deliveries;
      },
      { timeout: 120_000, interval: 500 },
    );

  it("by way of another name of Sluice ends when the request comes in by that name", async () => {
    await send("alias", { url: `${own.replace("localhost", "127.0.0.1")}/in/alias` });
    const deliveries = await ended("alias");
    expect(deliveries).toHaveLength(2);
    expect(deliveries.find(({ status }) => status === "dead")).toMatchObject({
      last_error: "not_retryable: loop",
      last_response_status: null,
    });
  });

  it("through a relay ends after five hops", async () => {
    const passesOn = createHttp((request, response) => {
      request.resume();
      const hops = String(request.headers["sluice-hops"]);
      const sent = fetch(`${own}/in/circle`, { method: "POST", body: "{}", headers: { "sluice-hops": hops } });
      void sent.then(({ status, headers }) =>
        response.writeHead(status, { "webhook-delivery": headers.get("webhook-delivery") ?? "" }).end(),
      );
    });
    await send("circle", { url: `http://127.0.0.1:${await listen(passesOn)}/` });
    const deliveries = await ended("circle");
    expect(deliveries).toHaveLength(6);
    expect(deliveries.find(({ status }) => status === "dead")).toMatchObject({
      last_error: "aborted_by_receiver: loop",
      last_response_status: 508,
    });
  });
});
