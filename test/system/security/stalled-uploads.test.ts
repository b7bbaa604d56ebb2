// Senders that announce a large body, send most of it and then stall, seen from outside: the memory of the real workerd, and another sender.
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { expect, it, vi } from "vitest";
import { startSystem } from "../harness.ts";

const MB = 1024 * 1024;
const SENDERS = 200;
const SENT = 900 * 1024;

/** Resident memory of the largest workerd of this Sluice, which runs the Worker, in bytes. Found by the port that it is told of. */
function workerdBytes(port: number): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8");
    } catch {
      return "";
    }
  };
  return pids
    .filter((pid) => read(pid, "comm").startsWith("workerd") && read(pid, "environ").includes(`PORT=${port}\0`))
    .reduce((most, pid) => Math.max(most, Number(/VmRSS:\s+(\d+)/.exec(read(pid, "status"))?.[1] ?? 0) * 1024), 0);
}

async function stall(port: number, slug: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(`POST /in/${slug} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${MB}\r\n\r\n`);
  socket.write(Buffer.alloc(SENT, "x"));
  return socket;
}

it("bounds what 200 stalled uploads hold that are too large [G10]", async () => {
  const sluice = await startSystem();
  const port = Number(new URL(sluice.client.origin).port);
  const sockets: Socket[] = [];
  try {
    await sluice.client.call("POST /sources", { body: { slug: "small", max_body_bytes: 65_536 } });
    expect((await fetch(`${sluice.client.origin}/in/small`, { method: "POST", body: "{}" })).status).toBe(202);
    const before = workerdBytes(port);
    const answers: string[] = [];
    for (let n = 0; n < SENDERS; n++) {
      const socket = await stall(port, "small");
      socket.once("data", (data: Buffer) => answers.push(data.toString("latin1").slice(9, 12)));
      sockets.push(socket);
    }
    await vi.waitUntil(() => answers.length >= SENDERS, { timeout: 120_000 });
    // As below: 180 MB are the local edge's own.
    const grown = workerdBytes(port) - before;
    expect(grown, `grew by ${Math.round(grown / MB)} MB`).toBeLessThan(280 * MB);
    expect([...new Set(answers)]).toEqual(["413"]);
  } finally {
    for (const socket of sockets) socket.destroy();
    await sluice.stop();
  }
});

it("bounds what 200 stalled uploads hold in memory, and goes on taking other senders' webhooks [G10]", async () => {
  const sluice = await startSystem();
  const port = Number(new URL(sluice.client.origin).port);
  const sockets: Socket[] = [];
  const post = async (): Promise<number> =>
    (await fetch(`${sluice.client.origin}/in/other`, { method: "POST", body: "{}" })).status;
  try {
    await sluice.client.call("POST /sources", {
      body: { slug: "victim", verification: { type: "github", secrets: ["s"] } },
    });
    await sluice.client.call("POST /sources", { body: { slug: "other" } });
    expect(await post()).toBe(202);
    const before = workerdBytes(port);
    expect(before).toBeGreaterThan(0);
    const answers: string[] = [];
    for (let n = 0; n < SENDERS; n++) {
      const socket = await stall(port, "victim");
      socket.once("data", (data: Buffer) => answers.push(data.toString("latin1").slice(9, 12)));
      sockets.push(socket);
    }
    // The budget has room for 36 of them: the others are refused at once, those few after half a minute.
    const refused = (): number => answers.filter((status) => status === "503").length;
    await vi.waitUntil(() => refused() >= 140, { timeout: 120_000, interval: 100 });
    for (let n = 0; n < 20; n++) expect(await post()).toBe(202);
    expect(answers).not.toContain("202");
    // 180 MB are what the local edge in front of the Worker buffers itself. Without a budget the Worker's isolate adds as much again.
    const grown = workerdBytes(port) - before;
    expect(grown, `grew by ${Math.round(grown / MB)} MB`).toBeLessThan(280 * MB);
  } finally {
    for (const socket of sockets) socket.destroy();
    await sluice.stop();
  }
});
