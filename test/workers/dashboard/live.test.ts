import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { watch } from "../../../src/worker/ports/alerts.ts";
import { createNotifier, FEED } from "../../../src/live/index.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { createClient } from "../api/harness.ts";
import { createRoute, createWorld } from "../harness.ts";

const feed = () => env.LIVE_FEED.getByName(FEED);
const lease = async (): Promise<number | null> =>
  (await env.DB.prepare("SELECT at FROM marks WHERE name = 'watch'").first<{ at: number }>())?.at ?? null;

async function connect(): Promise<{ socket: WebSocket; heard: string[] }> {
  const response = await feed().fetch("http://feed/live", { headers: { upgrade: "websocket" } });
  const socket = response.webSocket;
  if (socket === null) throw new Error("no socket");
  const heard: string[] = [];
  socket.addEventListener("message", ({ data }) => heard.push(String(data)));
  socket.accept();
  return { socket, heard };
}

afterEach(async () => {
  await runInDurableObject(feed(), async (_object, state) => {
    for (const socket of state.getWebSockets()) socket.close();
    await state.storage.deleteAlarm();
  });
  await env.DB.prepare("DELETE FROM marks WHERE name = 'watch'").run();
});

describe("the live feed", () => {
  it("sets its lease when the first page connects and ends it when the last page disconnects", async () => {
    const [one, other] = [await connect(), await connect()];
    expect(await lease()).toBeGreaterThan(Date.now());
    one.socket.close();
    other.socket.close();
    await expect.poll(lease).toBeNull();
    expect(await runDurableObjectAlarm(feed())).toBe(false);
  });

  it("writes one row for pages that connect one after the other", async () => {
    await connect();
    const first = await lease();
    await connect();
    expect(await lease()).toBe(first);
  });

  it("renews its lease only while a page is connected", async () => {
    await connect();
    await env.DB.prepare("UPDATE marks SET at = 1 WHERE name = 'watch'").run();
    expect(await runDurableObjectAlarm(feed())).toBe(true);
    expect(await lease()).toBeGreaterThan(Date.now());
  });

  it("notifies every page that something has happened, without details", async () => {
    const { heard } = await connect();
    await feed().notify();
    await expect.poll(() => heard).toEqual(["changed"]);
  });
});

describe("the sweep", () => {
  it("notifies pages when an alert opens, and not again while it stays open", async () => {
    const { heard } = await connect();
    const target = { type: "slack", url: "https://hooks.slack.com/services/x" };
    await createClient({ now: Date.now }).call("POST", "/alerts", {
      name: "Circuits",
      rule: { type: "circuit_open" },
      target,
    });
    const look = (names: readonly string[]) =>
      watch(createRuntime(env), {
        measure: async (specs) => specs.map(() => ({ kind: "circuits", names })),
        send: async () => ({ status: 200, headers: {}, error: null, excerpt: "", durationMs: 1 }),
      });
    await look([]);
    expect(heard).toEqual([]);
    await look(["orders"]);
    await expect.poll(() => heard).toEqual(["changed"]);
    await look(["orders"]);
    expect(heard).toEqual(["changed"]);
  });
});

describe("the consumers", () => {
  const told = async (work: (world: ReturnType<typeof createWorld>) => Promise<void>): Promise<number> => {
    const { heard } = await connect();
    await work(createWorld({ realTime: true }));
    await feed().notify();
    await expect.poll(() => heard.length).toBeGreaterThan(0);
    return heard.length - 1;
  };
  const deliverOne = async (world: ReturnType<typeof createWorld>): Promise<void> => {
    const { slug } = await createRoute();
    await world.accept(`/in/${slug}`);
    await world.turn();
    expect((await world.deliveries()).at(-1)?.["status"]).toBe("delivered");
  };

  it("notify the feed when they have recorded something and a page is connected", async () => {
    expect(await told(deliverOne)).toBe(1);
  });

  it("call no Durable Object while no page is connected", async () => {
    const calls: number[] = [];
    const notifier = createNotifier(
      async () => calls.push(1),
      () => 1_000,
      () => undefined,
    );
    await notifier.changed();
    notifier.learn(1_000);
    await notifier.changed();
    expect(calls).toEqual([]);
    notifier.learn(1_001);
    await notifier.changed();
    expect(calls).toEqual([1]);
  });

  it("continue when the feed is unreachable", async () => {
    const reported: unknown[] = [];
    const notifier = createNotifier(
      async () => Promise.reject(new Error("unreachable")),
      () => 0,
      (error) => reported.push(error),
    );
    notifier.learn(1);
    await notifier.changed();
    expect(reported).toHaveLength(1);
  });
});
