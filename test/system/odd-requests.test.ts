// The answers to odd requests, sent through raw sockets to a running Sluice, and what reaches the destination.
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startSystem, type System } from "./harness.ts";
import { CASES } from "./odd-requests.ts";

let system: System;

beforeAll(async () => {
  system = await startSystem();
  await system.route("odd", { path_forwarding: false });
  await system.route("odd-small", {}, { max_body_bytes: 65_536 });
});

afterAll(() => system.stop());

/** The head of the answer and its body so far, or what came until the connection ended. */
async function exchange(bytes: Buffer): Promise<string> {
  const socket = connect(Number(new URL(system.client.origin).port), "127.0.0.1");
  let answer = "";
  return new Promise((resolve) => {
    const end = (): void => {
      socket.destroy();
      resolve(answer);
    };
    const late = setTimeout(end, 20_000);
    socket
      .on("connect", () => socket.write(bytes))
      .on(
        "data",
        (chunk: Buffer) => (answer = (answer + chunk.toString("latin1")).replace(/^HTTP\/1\.1 100 [^]*?\r\n\r\n/, "")),
      )
      .on("error", () => undefined)
      .on("close", () => {
        clearTimeout(late);
        end();
      });
  });
}
const statusOf = (answer: string): number | null => Number(/^HTTP\/1\.[01] (\d{3}) /.exec(answer)?.[1] ?? 0) || null;

describe("the answer to a request with", () => {
  it.each(CASES)("%s", async (_name, bytes, right) => {
    const answer = await exchange(bytes);
    if (right === "closed") return expect(answer).toBe("");
    expect(statusOf(answer)).toBe(right.status);
    expect(answer).not.toMatch(/\n\s+at /);
    if (right.arrives === undefined) return;
    const id = /evt_[0-9a-z]+/.exec(answer)?.[0];
    const found = () => system.arrivals.find(({ headers }) => headers["sluice-event-id"] === id);
    const arrival = await vi.waitUntil(found, { timeout: 120_000, interval: 50 });
    expect(arrival.body.equals(Buffer.from(right.arrives))).toBe(true);
  });

  it("is known for at least 60 of them", () => expect(CASES.length).toBeGreaterThanOrEqual(60));
});

describe("8 MB to a source that takes 64 KiB", () => {
  const body = Buffer.alloc(8 * 1024 * 1024, "a");
  const head = (field: string): Buffer =>
    Buffer.from(`POST /in/odd-small HTTP/1.1\r\nHost: odd.test\r\nConnection: close\r\n${field}\r\n\r\n`);
  const WAYS: readonly (readonly [string, Buffer])[] = [
    ["announced", Buffer.concat([head(`Content-Length: ${body.length}`), body])],
    [
      "in one chunk",
      Buffer.concat([
        head("Transfer-Encoding: chunked"),
        Buffer.from("800000\r\n"),
        body,
        Buffer.from("\r\n0\r\n\r\n"),
      ]),
    ],
  ];

  it.each(WAYS)("gets 413 each of 36 times, %s", async (_how, bytes) => {
    const answers: string[] = [];
    for (let round = 0; round < 6; round++)
      answers.push(...(await Promise.all(Array.from({ length: 6 }, () => exchange(bytes)))));
    expect(answers.map(statusOf)).toEqual(answers.map(() => 413));
    for (const answer of answers) expect(answer).toMatch(/"code":"body_too_large".*\}$/);
  });

  it("gets 413 each of 36 times by fetch, which sends and reads at the same time", async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 36; i++)
      statuses.push((await fetch(`${system.client.origin}/in/odd-small`, { method: "POST", body })).status);
    expect(statuses).toEqual(statuses.map(() => 413));
  });

  it("gets 413 before any of it has come, and whole: it is announced, and nothing waits for it", async () => {
    const begun = performance.now();
    const socket = connect(Number(new URL(system.client.origin).port), "127.0.0.1");
    const answer = await new Promise<string>((resolve) => {
      let text = "";
      socket.on("connect", () => socket.write(head(`Content-Length: ${body.length}`)));
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1");
        const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Infinity);
        if (text.length - text.indexOf("\r\n\r\n") - 4 >= length) resolve(text);
      });
      socket.on("close", () => resolve(text));
    });
    const ms = performance.now() - begun;
    socket.destroy();
    expect([statusOf(answer), ms < 1_500]).toEqual([413, true]);
    expect(answer).toContain('"code":"body_too_large"');
  });
});
