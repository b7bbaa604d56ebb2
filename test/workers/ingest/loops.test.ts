// Circles: a request that has gone through too many Sluices ends at the edge, and ends the delivery that it was.
import { describe, expect, it } from "vitest";
import { MAX_HOPS } from "../../../src/config/limits.ts";
import { refusedResponse } from "../../../src/ingest/index.ts";
import { problemResponse } from "../../../src/api/problem.ts";
import { createRoute, createWorld } from "../harness.ts";

const hop = (count: number | string) => ({ body: "{}", headers: { "sluice-hops": String(count) } });

describe("a request in a loop [G10]", () => {
  it.each([MAX_HOPS + 1, 999_999, "1, 9", "-1", "many", "1e1"])("is refused with %s hops", async (count) => {
    const world = createWorld();
    const { slug } = await createRoute();
    expect(await world.accept(`/in/${slug}`, hop(count))).toEqual({ ok: false, error: { reason: "loop_detected" } });
    expect(world.queued).toEqual([]);
  });

  it("is accepted up to the limit, with one hop more each time", async () => {
    const world = createWorld();
    const { slug } = await createRoute();
    await world.accept(`/in/${slug}`, hop(MAX_HOPS));
    await world.turn();
    expect(world.requests[0]?.headers).toContainEqual(["sluice-hops", String(MAX_HOPS + 1)]);
  });

  it("is stopped by the header that a delivery obeys", async () => {
    const answer = refusedResponse({ reason: "loop_detected" }, (code, detail, headers) =>
      problemResponse(code, detail, "request", [], headers),
    );
    expect([answer.status, answer.headers.get("webhook-delivery")]).toEqual([508, "abort-message"]);
  });

  it("ends dead where Sluice would call itself, without a request", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute([{ url: "https://sluice.example.com/in/other" }]);
    await world.accept(`/in/${slug}`, { body: "{}", headers: { host: "sluice.example.com" } });
    await world.turn();
    expect(world.requests).toHaveLength(0);
    const row = (await world.deliveries()).find((delivery) => delivery.source_id === sourceId);
    expect(row).toMatchObject({ status: "dead", last_error: "not_retryable: loop", attempts_made: 1 });
    expect(String(row?.["attempts"])).toContain("must not point to Sluice itself");
  });
});
