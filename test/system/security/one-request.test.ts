// Single requests that once brought an isolate down or held up everybody else, each sent to a running Sluice [G10].
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSystem, type System } from "../harness.ts";
import { Workerd } from "./workerd.ts";

/** Two of them on 900 KB take a minute where nothing is charged. */
const HOSTILE = "[ab]*a[ab]{500}[^ab]";

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

const count = (items: number): number[] => Array.from({ length: items }, (_, index) => index);
const fields = (items: number): object => Object.fromEntries(count(items).map((key) => [`k${key}`, key]));

/** Milliseconds until another source is answered that is called while `body` is under way. */
async function neighbourWaits(slug: string, body: unknown): Promise<number> {
  await system.post("calm");
  const hostile = system.post(slug, JSON.stringify(body), { "content-type": "application/json" });
  const started = performance.now();
  await Promise.all([hostile, system.post("calm"), system.post("calm")]);
  const waited = performance.now() - started;
  // And once more, when its consumer is at work.
  const again = performance.now();
  await system.post("calm");
  return Math.max(waited, performance.now() - again);
}

describe("one request", () => {
  beforeAll(() => system.client.call("POST /sources", { body: { slug: "calm" } }));

  it("with 50,000 numbers to sort is delivered sorted, in less than 64 MB", async () => {
    await system.route("sorting");
    const transform = { body: '{"sorted": $sort(items)}' };
    await connect("sorting", { transform });
    const workerd = new Workerd(system.group() ?? 0);
    workerd.forgetPeak();
    const before = workerd.memoryBytes();
    await system.post("sorting", JSON.stringify({ items: count(50_000).toReversed() }));
    await expect.poll(() => system.to("sorting").length, { timeout: 120_000 }).toBe(1);
    expect(system.to("sorting")[0]?.body.toString()).toBe(JSON.stringify({ sorted: count(50_000) }));
    expect(workerd.peakBytes() - before).toBeLessThan(64 * 1024 * 1024);
  });

  it.each<[string, object, object, string]>([
    [
      "an object of 50,000 fields compared with 500",
      { body: { a: { $ref: "b" } } },
      { a: count(500).map(() => ({})), b: fields(50_000) },
      "body.a: expected an object (by $ref), got an array of 500",
    ],
    [
      "an object of 30,000 fields compared with 500",
      { body: { a: { $ref: "b" } } },
      { a: count(500).map(() => ({})), b: fields(30_000) },
      "body.a: expected an object (by $ref), got an array of 500",
    ],
    [
      "two costly patterns on 900 KB",
      { $and: [{ body: { a: { $regex: HOSTILE } } }, { body: { a: { $regex: HOSTILE } } }] },
      { a: "ab".repeat(450_000) },
      "the event is too large or too deeply nested for this filter",
    ],
  ])("with %s holds up no other source", async (what, filter, body, clause) => {
    const slug = what.replaceAll(/[^a-z0-9]+/g, "-");
    await system.route(slug);
    await connect(slug, { filter });
    expect(await neighbourWaits(slug, body)).toBeLessThan(20_000);
    const ignored = async (): Promise<string[]> =>
      (await system.client.call("GET /events", { query: { source: slug, status: "ignored" } })).data.map(
        ({ id }) => id,
      );
    await expect.poll(ignored, { timeout: 120_000 }).toHaveLength(1);
    const [id = ""] = await ignored();
    const event = await system.client.call("GET /events/{id}", { id });
    expect(event.ignored_by[0]?.failed_clause).toBe(clause);
  });

  it.each<[string, string, object]>([
    [
      "applying a built-in in part",
      '($b := big; $map($split(many, ""), $replace($b, ?, "x")))',
      { big: "x".repeat(200_000), many: "a".repeat(5_000) },
    ],
    ["making large texts", '$map([1..45], function($i){$uppercase($pad("☃", 4000000))})', {}],
  ])("for a test that would exhaust the isolate by %s is answered with the reason", async (_what, body, sample) => {
    const workerd = new Workerd(system.group() ?? 0);
    workerd.forgetPeak();
    const before = workerd.memoryBytes();
    const answer = await system.client.call("POST /transforms/test", {
      body: { transform: { body }, sample: { body: JSON.stringify(sample) } },
    });
    expect(answer.error).toMatch(/^transform_failed: body: it (makes|takes) more than/);
    expect(workerd.peakBytes() - before).toBeLessThan(32 * 1024 * 1024);
  });
});

/** Changes the connection of this source. */
async function connect(slug: string, change: object): Promise<void> {
  const { data } = await system.client.call("GET /connections", {});
  const connection = data.find(({ source_slug }) => source_slug === slug);
  await system.client.call("PATCH /connections/{id}", {
    id: connection?.id ?? "",
    body: change,
  });
}
