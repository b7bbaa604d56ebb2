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
}, 120_000);

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
    const arrival = await vi.waitUntil(found, { timeout: 20_000, interval: 50 });
    expect(arrival.body.equals(Buffer.from(right.arrives))).toBe(true);
  });

  it("is known for at least 60 of them", () => expect(CASES.length).toBeGreaterThanOrEqual(60));
});
