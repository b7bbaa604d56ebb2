import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { RejectionTally } from "../../../src/ingest/index.ts";
import { addRejections } from "../../../src/store/rejections.ts";
import { createClient, type Json } from "../api/harness.ts";
import { createRoute, createWorld } from "../harness.ts";

const forged = {
  flagOnly: false,
  update: () => undefined,
  finish: async () => ({ ok: false, cause: "signature_mismatch" }) as const,
};

/** A Sluice whose tally writes to D1 on the test's clock, and counts what that costs. */
function createTallied() {
  let rows = 0;
  const work: Promise<unknown>[] = [];
  const { now } = createWorld();
  const clock = { ms: now() };
  let wake: (() => void)[] = [];
  const tally = new RejectionTally({
    now: () => clock.ms,
    sleep: () => new Promise((resolve) => wake.push(resolve)),
    write: async (counts, samples) => void (rows += await addRejections(env.DB, counts, samples, clock.ms)),
    report: (_what, error) => {
      throw error;
    },
  });
  const world = createWorld({
    ingest: {
      now: () => clock.ms,
      beginCheck: async () => forged,
      refused: (rejection) => tally.add(rejection, (promise) => void work.push(promise)),
    },
  });
  const wakeAll = (): void => {
    for (const resolve of wake.splice(0)) resolve();
  };
  return {
    world,
    clock,
    rows: () => rows,
    tick: (ms: number) => {
      clock.ms += ms;
      if (clock.ms % 2_000 < ms) wakeAll();
    },
    /** Lets everything pending be written. */
    flush: async () => {
      clock.ms += 2_000;
      wakeAll();
      await Promise.all(work);
      wake = [];
    },
  };
}

const read = async (query = "") => {
  const { call } = createClient({ now: () => Date.UTC(2026, 10, 24, 12) });
  return (await call("GET", `/rejections${query}`)).json as Json & { counts: Json[]; samples: Json[]; hours: Json[] };
};

beforeEach(async () => {
  await env.DB.batch([env.DB.prepare("DELETE FROM rejections"), env.DB.prepare("DELETE FROM rejection_samples")]);
});

describe("GET /rejections", () => {
  it("counts by source, reason and hour, and shows what came", async () => {
    const { world, flush } = createTallied();
    const { slug, sourceId } = await createRoute();
    await world.accept(`/in/${slug}/sub?a=1&token=hidden`, {
      body: '{"n":1}',
      headers: { authorization: "Bearer hidden", "cf-connecting-ip": "192.0.2.7" },
    });
    await world.accept(`/in/${slug}`, { body: "x" });
    await world.accept(`/in/${"n".repeat(300)}`, { body: "y" });
    await flush();
    const answer = await read();
    expect(answer).toMatchObject({ total: 3 });
    expect(answer.counts).toEqual([
      { source: sourceId, source_slug: slug, reason: "verification_failed", count: 2 },
      { source: null, source_slug: null, reason: "unknown_source", count: 1 },
    ]);
    expect(answer.hours).toEqual([
      { hour: "2026-11-24T00:00:00.000Z", reason: "unknown_source", count: 1 },
      { hour: "2026-11-24T00:00:00.000Z", reason: "verification_failed", count: 2 },
    ]);
    expect(answer.samples.find((sample) => sample.path === "/sub")).toMatchObject({
      source: sourceId,
      source_slug: slug,
      reason: "verification_failed",
      cause: "signature_mismatch",
      at: "2026-11-24T00:00:00.000Z",
      method: "POST",
      query: "?a=1&token=[redacted]",
      body: '{"n":1}',
      body_encoding: "utf8",
      ip: "192.0.2.7",
    });
    expect(JSON.stringify(answer)).not.toContain("hidden");
    expect(answer.samples.find((sample) => sample.reason === "unknown_source")).toMatchObject({
      source: null,
      slug: `${"n".repeat(64)}…`,
    });
  });

  it("shows one source, by slug or id, and one span of time", async () => {
    const { world, clock, flush } = createTallied();
    const [first, second] = [await createRoute(), await createRoute()];
    await world.accept(`/in/${first.slug}`, { body: "x" });
    await world.accept(`/in/${second.slug}`, { body: "x" });
    clock.ms += 2 * 3_600_000;
    await world.accept(`/in/${second.slug}`, { body: "x" });
    await flush();
    expect(await read(`?source=${second.slug}`)).toMatchObject({ total: 2 });
    expect(await read(`?source=${second.sourceId}&from=2026-11-24T01:00:00Z`)).toMatchObject({ total: 1 });
    expect((await read("?to=2026-11-24T01:00:00Z&from=2026-11-24T00:00:00Z")).samples).toHaveLength(2);
  });

  it.each([
    ["from=never", "/query/from"],
    ["to=1", "/query/to"],
    ["source=nothing-has-this", "/query/source"],
    ["from=2026-11-24T02:00:00Z&to=2026-11-24T01:00:00Z", "/query/from"],
  ])("names the field of %s [G12]", async (query, pointer) => {
    const { call } = createClient();
    const { status, json } = await call("GET", `/rejections?${query}`);
    expect(status).toBe(422);
    expect(json.errors?.map((error) => error.pointer)).toEqual([pointer]);
  });

  it("keeps the latest twenty of each source and reason over many writes", async () => {
    const { world, clock, flush } = createTallied();
    const { slug } = await createRoute();
    for (let i = 0; i < 30; i++) {
      clock.ms += 10;
      await world.accept(`/in/${slug}/${i}`, { body: "x" });
      if (i % 7 === 0) await flush();
    }
    await flush();
    const { samples } = await read(`?source=${slug}`);
    expect(samples.map((sample) => sample.path)).toEqual(Array.from({ length: 20 }, (_, index) => `/${29 - index}`));
  });
});

describe("a flood of forged requests", () => {
  it("of 10,000 costs rows by the second, not by the request, and every one is counted", async () => {
    const { world, rows, tick, flush } = createTallied();
    const { slug } = await createRoute();
    for (let i = 0; i < 10_000; i++) {
      await world.accept(`/in/${slug}`, { body: `{"n":${i}}` });
      tick(1);
    }
    await flush();
    await flush();
    expect(await read()).toMatchObject({ total: 10_000 });
    // One sum, one row of samples and one counter a write, one write each two of ten seconds.
    expect(rows()).toBeLessThanOrEqual(3 * 8);
    expect(world.queued).toEqual([]);
  });

  it("leaves the record when its time is over", async () => {
    const { world, flush } = createTallied();
    const { slug } = await createRoute();
    await world.accept(`/in/${slug}`, { body: "x" });
    await flush();
    await world.sweep();
    expect((await read()).samples).toHaveLength(1);
    world.advance(world.runtime.settings.retentionMs + 2 * 3_600_000);
    await world.sweep();
    expect(await read("?from=2026-01-01T00:00:00Z")).toMatchObject({ total: 0, samples: [] });
  });
});
