// Filters and transforms, in the configuration and tested.
import { describe, expect, it } from "vitest";
import { createRoute, createWorld } from "../harness.ts";
import { createClient, unique } from "./harness.ts";

const { call } = createClient();
const JSON_TYPE = { "content-type": "application/json" };

async function ends(): Promise<{ source: string; destination: string }> {
  const [source, destination] = [unique("filter-source"), unique("filter-destination")];
  await call("POST", "/sources", { slug: source });
  await call("POST", "/destinations", { slug: destination, url: "https://filter.test/hook" });
  return { source, destination };
}

describe("a connection's filter", () => {
  const filter = { body: { "items.$.sku": { $in: ["a"] } }, $or: [{ path: "/x" }, { headers: { "x-a": "1" } }] };

  it("is stored and answered as it was given", async () => {
    const created = await call("POST", "/connections", { ...(await ends()), filter });
    expect(created).toMatchObject({ status: 201, json: { filter } });
    const path = `/connections/${created.json.id}`;
    expect((await call("GET", path)).json.filter).toEqual(filter);
    expect((await call("PATCH", path, { filter: null })).json.filter).toBeNull();
  });

  it.each([
    [{ body: { foo: { $bar: 1 } } }, "/filter/body/foo/$bar"],
    [{ boddy: 1 }, "/filter/boddy"],
    [{ body: { a: { $regex: "(" } } }, "/filter/body/a/$regex"],
    ["text", "/filter"],
    [[], "/filter"],
  ])("that is invalid is refused and its field named: %j [G12]", async (wrong, pointer) => {
    const both = await ends();
    const refused = await call("POST", "/connections", { ...both, filter: wrong });
    expect(refused.status).toBe(422);
    expect(refused.json.errors?.[0]?.pointer).toBe(pointer);
    const created = await call("POST", "/connections", { ...both, filter });
    const patched = await call("PATCH", `/connections/${created.json.id}`, { filter: wrong });
    expect(patched.json.errors?.[0]?.pointer).toBe(pointer);
    expect((await call("GET", `/connections/${created.json.id}`)).json.filter).toEqual(filter);
  });

  it.each(["9007199254740993", "0.12345678901234567890", "1e400"])(
    "with a number that would be rounded is refused by every operation: %s [G12]",
    async (number) => {
      const { source, destination } = await ends();
      const filter = `{"body":{"amounts":{"$in":[1,${number}]}}}`;
      const slug = unique("exact");
      const link = `{"slug":"${slug}","source":"${source}","destination":"${destination}","filter":${filter}}`;
      const kept = await call("POST", "/connections", link.replace(number, "2"));
      expect(kept.status).toBe(201);
      const before = (await call("GET", "/config")).text;
      for (const [method, path, body, pointer] of [
        ["POST", "/connections", link, "/filter"],
        ["PATCH", `/connections/${slug}`, `{"filter":${filter}}`, "/filter"],
        ["POST", "/filters/test", `{"filter":${filter},"sample":{"body":{"amounts":1}}}`, "/filter"],
        ["PUT", "/config?dry_run=true", `{"connections":[${link}]}`, "/connections/0/filter"],
        ["PUT", "/config", `{"connections":[${link}]}`, "/connections/0/filter"],
      ] as const) {
        const { status, json } = await call(method, path, body);
        expect([status, json.errors]).toEqual([
          422,
          [
            {
              pointer: `${pointer}/body/amounts/$in/1`,
              detail: expect.stringContaining("cannot be represented exactly") as string,
            },
          ],
        ]);
      }
      expect((await call("GET", "/config")).text).toBe(before);
    },
  );

  it("compares whole numbers of a body exactly, and others as 64-bit floating point", async () => {
    const matched = async (filter: string, body: string) =>
      (await call("POST", "/filters/test", `{"filter":{"body":{"n":${filter}}},"sample":{"body":{"n":${body}}}}`)).json[
        "matched"
      ];
    expect(await matched('"9007199254740993"', "9007199254740993")).toBe(true);
    expect(await matched('"9007199254740993"', "9007199254740992")).toBe(false);
    expect(await matched('{"$gt":9007199254740991}', "9007199254740993")).toBe(true);
    expect(await matched("0.1", "0.10000000000000000001")).toBe(true);
    const beyond = {
      filter: { body: { n: { $gt: 9007199254740991 } } },
      sample: { headers: JSON_TYPE, body: '{"n": 1e400}' },
    };
    expect((await call("POST", "/filters/test", beyond)).json.matched).toBe(true);
  });
});

describe("a connection's transform", () => {
  it.each([
    ["id + 9007199254740993", "9007199254740993"],
    ['{ "rate": 0.12345678901234567890 }', "0.12345678901234567890"],
    ["[1, -12345678901234567890]", "12345678901234567890"],
  ])("with a number that would be rounded is refused: %s [G12]", async (body, number) => {
    const fault = {
      pointer: "/transform/body",
      detail: expect.stringContaining(`${number} cannot be represented exactly`) as string,
    };
    const tried = await call("POST", "/transforms/test", { transform: { body }, sample: { body: { id: 1 } } });
    expect([tried.status, tried.json.errors]).toEqual([422, [fault]]);
    const made = await call("POST", "/connections", { ...(await ends()), transform: { body } });
    expect([made.status, made.json.errors]).toEqual([422, [fault]]);
  });

  it.each(["[1..5]", "id - 1.50", "1e3 * 0.1", "$round(id, 2)", '"9007199254740993"'])(
    "with any other number is accepted: %s",
    async (body) => {
      const tried = await call("POST", "/transforms/test", { transform: { body }, sample: { body: { id: 1 } } });
      expect([tried.status, tried.json.error]).toEqual([200, null]);
    },
  );
});

describe("POST /filters/test", () => {
  const test = async (body: unknown) => call("POST", "/filters/test", body);

  it("says whether a sample matches", async () => {
    const filter = { headers: { "X-Kind": "a" }, body: { type: "paid" }, query: { v: 2 }, path: { $startsWith: "/o" } };
    const sample = { headers: { "x-kind": "a" }, body: { type: "paid" }, query: { v: "2" }, path: "/orders" };
    expect(await test({ filter, sample })).toMatchObject({ status: 200, json: { matched: true, failed_clause: null } });
    expect((await test({ filter, sample: { ...sample, query: "?v=2", headers: [["X-KIND", "a"]] } })).json).toEqual({
      matched: true,
      failed_clause: null,
    });
    expect((await test({ filter, sample: { ...sample, body: { type: "open" } } })).json).toEqual({
      matched: false,
      failed_clause: 'body.type: expected "paid", got "open"',
    });
  });

  it("accepts a body as text or as any JSON, and large numbers exactly", async () => {
    expect((await test({ filter: { body: { a: 1 } }, sample: { body: '{"a":1}' } })).json.matched).toBe(true);
    expect((await test({ filter: { body: "hello" }, sample: { body: "hello" } })).json.matched).toBe(true);
    expect((await test({ filter: { body: 5 }, sample: { body: 5 } })).json.matched).toBe(true);
    const large = (id: string) => test(`{"filter":{"body":{"id":"9007199254740993"}},"sample":{"body":{"id":${id}}}}`);
    expect((await large("9007199254740993")).json.matched).toBe(true);
    expect((await large("9007199254740992")).json.matched).toBe(false);
  });

  it("tests a recorded event, with its body from R2", async () => {
    const world = createWorld();
    const { slug } = await createRoute();
    const accepted = await world.accept(`/in/${slug}/x`, {
      body: JSON.stringify({ pad: "x".repeat(150_000), a: 1 }),
      headers: { "content-type": "application/json" },
    });
    await world.turn();
    const event_id = accepted.ok && accepted.value.kind === "event" ? accepted.value.id : "";
    const answer = await test({ filter: { path: "/x", body: { a: 2 } }, event_id });
    expect(answer.json).toEqual({ matched: false, failed_clause: "body.a: expected 2, got 1" });
  });

  it.each([
    [{ sample: {} }, "/filter"],
    [{ filter: {} }, "/sample"],
    [{ filter: {}, sample: {}, event_id: "evt_x" }, "/event_id"],
    [{ filter: {}, event_id: "evt_x" }, "/event_id"],
    [{ filter: {}, sample: { boddy: 1 } }, "/sample/boddy"],
    [{ filter: {}, sample: { path: 1 } }, "/sample/path"],
    [{ filter: {}, sample: { method: "FETCH" } }, "/sample/method"],
    [{ filter: { body: { $x: 1 } }, sample: {} }, "/filter/body/$x"],
  ])("refuses %j and names the field [G12]", async (body, pointer) => {
    const refused = await test(body);
    expect(refused.status).toBe(422);
    expect(refused.json.errors?.[0]?.pointer).toBe(pointer);
  });

  it("refuses input that is not JSON or is nested too deeply [G12]", async () => {
    expect((await test("{")).json.code).toBe("malformed_json");
    const deep = `{"filter":{"body":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}},"sample":{}}`;
    expect(await test(deep)).toMatchObject({ status: 422, json: { code: "invalid" } });
    const deepSample = `{"filter":{"body":1},"sample":{"body":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`;
    expect((await test(deepSample)).status).toBeLessThan(500);
  });
});

describe("a connection's transform", () => {
  const transform = { headers: { set: { "x-id": "{{body.id}}" } }, path: "/v2", body: "{'id': id}" };

  it("is stored and answered as it was given", async () => {
    const created = await call("POST", "/connections", { ...(await ends()), transform });
    expect(created).toMatchObject({ status: 201, json: { transform, filter: null } });
  });

  it.each([
    [{ body: "{" }, "/transform/body"],
    [{ body: 5 }, "/transform/body"],
    [{ bodyy: "$" }, "/transform/bodyy"],
    [{ path: "/{{x}}" }, "/transform/path"],
    [{ method: "FETCH" }, "/transform/method"],
    ["$", "/transform"],
  ])("that is invalid is refused and its field named: %j [G12]", async (wrong, pointer) => {
    const refused = await call("POST", "/connections", { ...(await ends()), transform: wrong });
    expect(refused.status).toBe(422);
    expect(refused.json.errors?.[0]?.pointer).toBe(pointer);
  });
});

describe.each([
  ["POST /filters/test", { filter: {} }],
  ["POST /transforms/test", { transform: { headers: { set: { "x-a": "1" } } } }],
])("%s", (operation, subject) => {
  it.each([
    ["/sample/headers/bad name", { headers: { "bad name": "1" } }],
    ["/sample/headers/x-a", { headers: { "x-a": "a\nb" } }],
    ["/sample/headers/x-a/1", { headers: { "x-a": ["1", "\u2028"] } }],
    ["/sample/headers/0/0", { headers: [["bad name", "1"]] }],
    ["/sample/headers/0/1", { headers: [["x-a", "a\nb"]] }],
    ["/sample/path", { path: ":99999" }],
  ])("names what no request can have: %s", async (pointer, sample) => {
    const { status, json } = await call("POST", operation.replace("POST ", ""), { ...subject, sample });
    expect([status, json.errors?.map((error) => error.pointer)]).toEqual([422, [pointer]]);
  });
});

describe("POST /transforms/test", () => {
  const test = (body: unknown) => call("POST", "/transforms/test", body);

  it("returns the request that would be sent", async () => {
    const { destination } = await ends();
    const answer = await test({
      transform: {
        headers: { set: { "X-Id": "{{body.id}}" } },
        query: { set: { v: "2" } },
        method: "PUT",
        path: "/o/{{body.id}}",
        body: '{"n": n}',
      },
      sample: { headers: { "x-a": "1" }, body: { id: "i1", n: 3 }, query: "?a=1", path: "/sub" },
      destination,
    });
    expect(answer).toMatchObject({
      status: 200,
      json: {
        method: "PUT",
        url: "https://filter.test/hook/o/i1?a=1&v=2",
        path: "/o/i1",
        query: "?a=1&v=2",
        headers: { "x-a": "1", "x-id": "i1", "content-type": "application/json" },
        body: { n: 3 },
        body_text: '{"n":3}',
        error: null,
      },
    });
  });

  it("returns the error of a transform that fails, and keeps large numbers exact", async () => {
    const failed = await test({ transform: { body: "$error('broken')" }, sample: { body: {} } });
    expect(failed).toMatchObject({
      status: 200,
      json: { error: expect.stringMatching(/^transform_failed: body: broken/), body: null },
    });
    const large = await test('{"transform":{"body":"{\\"id\\": id}"},"sample":{"body":{"id":9007199254740993}}}');
    expect(large.text).toContain('"body":{"id":9007199254740993}');
  });

  it("tests a recorded event", async () => {
    const world = createWorld();
    const { slug } = await createRoute();
    const accepted = await world.accept(`/in/${slug}`, {
      body: '{"id":4}',
      headers: { "content-type": "application/json" },
    });
    await world.turn();
    const event_id = accepted.ok && accepted.value.kind === "event" ? accepted.value.id : "";
    const answer = await test({ transform: { body: "{'id': id, 'of': $source}" }, event_id });
    expect(answer.json).toMatchObject({ body: { id: 4, of: slug }, url: null });
  });

  it.each([
    [{ sample: {} }, "/transform"],
    [{ transform: {} }, "/sample"],
    [{ transform: { body: "{" }, sample: {} }, "/transform/body"],
    [{ transform: {}, sample: {}, destination: "nowhere" }, "/destination"],
    [{ transform: {}, event_id: "evt_x" }, "/event_id"],
  ])("refuses %j and names the field [G12]", async (body, pointer) => {
    const refused = await test(body);
    expect(refused.status).toBe(422);
    expect(refused.json.errors?.[0]?.pointer).toBe(pointer);
  });
});

describe("a preview of a connection", () => {
  async function stored() {
    const world = createWorld();
    const { slug } = await createRoute([
      { rate_limit: { limit: 1, period_seconds: 3_600 }, connection: { filter: { body: { n: { $gte: 1 } } } } },
    ]);
    world.onRequest(() => ({ status: 200 }));
    for (let n = 0; n < 6; n++) {
      const body = JSON.stringify({ n, note: n === 5 ? "x".repeat(120_000) : "short" });
      await world.post(`${slug}/path`, { body, headers: JSON_TYPE });
      world.advance(1);
    }
    await world.turn();
    return { world, slug, run: (body: object) => call("POST", `/connections/${slug}-0/preview`, body) };
  }

  it("says what a new filter would take, what a new transform would change and how it fails, and writes nothing", async () => {
    const { world, run } = await stored();
    const before = [await world.deliveries(), await world.events()];
    const filtered = await run({ filter: { body: { n: { $lte: 2 } } } });
    expect(filtered).toMatchObject({
      status: 200,
      json: {
        examined: 6,
        matched_before: 5,
        matched_now: 3,
        now_matches: 1,
        no_longer_matches: 3,
        changed: 0,
        failed: 0,
      },
    });
    const transform = { body: "{ 'half': n > 4 ? $error('five') : n / 2, 'size': $length(note) }" };
    const { json } = await run({ transform, events: 3 });
    expect(json).toMatchObject({ examined: 3, changed: 2, failed: 1, stopped_by: null, backlog: null });
    const [failed, changed] = json.events as unknown as { now: object; outcome: string; diff: object[] | null }[];
    expect(failed).toMatchObject({
      outcome: "failed",
      now: { matched: true, error: expect.stringContaining("five") },
      diff: null,
    });
    expect(changed?.diff).toEqual(
      expect.arrayContaining([
        { op: "added", text: '  "half": 2,' },
        { op: "removed", text: '  "n": 4,' },
      ]),
    );
    expect((await run({ filter: null, transform: null })).json).toMatchObject({
      matched_now: 6,
      now_matches: 1,
      changed: 0,
    });
    expect([await world.deliveries(), await world.events()]).toEqual(before);
  });

  it("tries what a connection would have before it is made, beside every event as it is", async () => {
    const { slug } = await stored();
    const run = (body: object) => call("POST", "/connections/preview", { source: slug, events: 5, ...body });
    expect((await run({ filter: { body: { n: { $gte: 3 } } } })).json).toMatchObject({
      examined: 5,
      matched_before: 5,
      matched_now: 3,
      no_longer_matches: 2,
      backlog: null,
    });
    const changed = await run({
      destination: `${slug}-0`,
      transform: { body: "{ 'n': n }" },
      rate_limit: { limit: 1 },
    });
    expect(changed.json).toMatchObject({
      matched_now: 5,
      changed: 5,
      failed: 0,
      backlog: { waiting: expect.any(Number) },
    });
    for (const [body, pointer] of [
      [{ source: "nobody" }, "/source"],
      [{ source: undefined }, "/source"],
      [{ destination: "nobody" }, "/destination"],
      [{ rate_limit: { limit: 1 } }, "/rate_limit"],
      [{ filter: { boddy: 1 } }, "/filter/boddy"],
    ] as const)
      expect((await run(body)).json.errors?.[0]?.pointer).toBe(pointer);
  });

  it("says how long the backlog takes at another pace, and names what it cannot take", async () => {
    const { run } = await stored();
    const paced = (await run({ rate_limit: { limit: 30, period_seconds: 60 }, events: 1 })).json;
    const { waiting } = paced.backlog as unknown as { waiting: number };
    expect(waiting).toBeGreaterThan(1);
    expect(paced.backlog).toEqual({ waiting, seconds_before: 3_600 * waiting, seconds_now: 2 * waiting });
    for (const [body, pointer] of [
      [{ filter: { boddy: 1 } }, "/filter/boddy"],
      [{ transform: { body: "(" } }, "/transform/body"],
      [{ rate_limit: { limit: 0 } }, "/rate_limit/limit"],
      [{ events: 201 }, "/events"],
      [{ from: "2026-11-24T00:00:00Z", to: "2026-11-24T00:00:00Z" }, "/to"],
    ] as const)
      expect((await run(body)).json.errors?.[0]?.pointer).toBe(pointer);
  });
});
