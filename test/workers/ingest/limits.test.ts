import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { IntakeMeter } from "../../../src/ingest/back-pressure.ts";
import { refusedResponse, type Rejection } from "../../../src/ingest/index.ts";
import { problemResponse } from "../../../src/api/problem.ts";
import { sentBytes } from "../../../src/worker/ports/ingest.ts";
import { createClient } from "../api/harness.ts";
import { createRoute, createWorld } from "../harness.ts";

const answer = (result: Awaited<ReturnType<ReturnType<typeof createWorld>["accept"]>>): Response | null =>
  result.ok
    ? null
    : refusedResponse(result.error, (code, detail, headers) => problemResponse(code, detail, "id", [], headers));

describe("a source with a limit", () => {
  it("takes its burst from a hundred requests at once, and refuses the rest with the time to wait", async () => {
    const rejections: Rejection[] = [];
    const world = createWorld({ ingest: { refused: (rejection) => void rejections.push(rejection) } });
    const { slug } = await createRoute([{}], { rate_limit: { limit: 10, period_seconds: 3_600, burst: 10 } });
    const results = await Promise.all(Array.from({ length: 100 }, () => world.accept(`/in/${slug}`, { body: "x" })));
    expect(results.filter((result) => result.ok)).toHaveLength(10);
    expect(world.queued).toHaveLength(10);
    const refused = results.map(answer).filter((response) => response !== null);
    for (const response of refused) {
      expect(response.status).toBe(429);
      expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect(Number(response.headers.get("retry-after"))).toBeLessThanOrEqual(3_600);
      expect(await response.json()).toMatchObject({ code: "rate_limited" });
    }
    expect(rejections.map(({ reason }) => reason)).toEqual(Array.from({ length: 90 }, () => "rate_limited"));
  });

  it("shares it between isolates", async () => {
    const worlds = [createWorld(), createWorld(), createWorld()];
    const { slug } = await createRoute([{}], { rate_limit: { limit: 20, period_seconds: 3_600, burst: 20 } });
    let accepted = 0;
    for (let round = 0; round < 30; round++) {
      const results = await Promise.all(worlds.map((world) => world.accept(`/in/${slug}`, { body: "x" })));
      accepted += results.filter((result) => result.ok).length;
    }
    expect(accepted).toBeLessThanOrEqual(20);
    expect(accepted).toBeGreaterThanOrEqual(17);
  });

  it("keeps its count when the object is evicted", async () => {
    const stub = env.SOURCE_LIMIT.getByName(crypto.randomUUID());
    const limit = { limit: 1, period_seconds: 3_600 };
    expect((await stub.lease(limit, 5)).granted).toBe(1);
    const kept = await runInDurableObject(stub, (_instance, state) => [
      ...state.storage.sql.exec("SELECT state FROM pace"),
    ]);
    expect(kept).toHaveLength(1);
    expect(await stub.lease(limit, 1)).toMatchObject({ granted: 0 });
  });

  it("lets requests in when the object cannot be reached [G7]", async () => {
    const world = createWorld();
    const lease = () => Promise.reject(new Error("unreachable"));
    Object.assign(world.runtime.intake.limiter.ports, { lease });
    const { slug } = await createRoute([{}], { rate_limit: { limit: 1, period_seconds: 3_600 } });
    for (let i = 0; i < 5; i++) expect((await world.accept(`/in/${slug}`, { body: "x" })).ok).toBe(true);
  });

  it("has none unless it is configured, and a wrong one is named [G12]", async () => {
    const { call } = createClient();
    const slug = `limit-${crypto.randomUUID().slice(0, 8)}`;
    expect((await call("POST", "/sources", { slug })).json).toMatchObject({ rate_limit: null, dedupe: null });
    for (const [change, pointer] of [
      [{ rate_limit: { limit: 0 } }, "/rate_limit/limit"],
      [{ dedupe: { key: "id", window_seconds: 5 } }, "/dedupe/key"],
      [{ dedupe: { key: "body_hash", window_seconds: 604_801 } }, "/dedupe/window_seconds"],
      [{ dedupe: { key: "body_hash" } }, "/dedupe/window_seconds"],
    ] as const) {
      const { status, json } = await call("PATCH", `/sources/${slug}`, change);
      expect(status).toBe(422);
      expect(json.errors?.map((error) => error.pointer)).toEqual([pointer]);
    }
  });
});

describe("a queue that fills up", () => {
  it("refuses the source that fills it most, lets the others go on, and forgives when it has emptied", async () => {
    const meter = new IntakeMeter(0.6);
    const rejections: Rejection[] = [];
    let backlogBytes = 1_000_000_000;
    const world = createWorld({ ingest: { refused: (rejection) => void rejections.push(rejection) } });
    const { queued } = world;
    Object.assign(world.runtime.intake, { meter });
    Object.assign(world.ingestion, {
      send: async (message: Parameters<typeof world.ingestion.send>[0]) => {
        queued.push({ message, lane: "events", at: world.now() });
        meter.sent(message.event.source_id ?? "", sentBytes(message), backlogBytes, world.now());
      },
    });
    const [flood, calm] = [await createRoute(), await createRoute()];
    const post = (slug: string) => world.accept(`/in/${slug}`, { body: "x".repeat(1_000) });
    for (let i = 0; i < 20; i++) await post(flood.slug);
    backlogBytes = 16_000_000_000;
    expect((await post(calm.slug)).ok).toBe(true);
    const response = answer(await post(flood.slug));
    expect(response?.status).toBe(429);
    expect(Number(response?.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await response?.json()).toMatchObject({ code: "backpressure" });
    expect((await post(calm.slug)).ok).toBe(true);
    expect(rejections.map(({ reason }) => reason)).toEqual(["backpressure"]);
    backlogBytes = 2_000_000_000;
    await post(calm.slug);
    expect((await post(flood.slug)).ok).toBe(true);
  });

  it("reports its backlog with every message that it accepts", async () => {
    const { sendEvent } = await import("../../../src/worker/queues.ts");
    const metered = {
      ...env,
      EVENTS: {
        send: async () => ({ metadata: { metrics: { backlogCount: 3, backlogBytes: 42 } } }),
      } as unknown as Env["EVENTS"],
    };
    const world = createWorld();
    const { slug } = await createRoute();
    await world.accept(`/in/${slug}`, { body: "x" });
    const message = world.queued[0]?.message as Parameters<typeof sendEvent>[1];
    expect(await sendEvent(metered, message)).toBe(42);
    expect(
      await sendEvent({ ...metered, EVENTS: { send: async () => undefined } as unknown as Env["EVENTS"] }, message),
    ).toBeNull();
  });
});
