import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { AppDeps } from "../../../src/worker/app.ts";
import { readSettings } from "../../../src/config/env.ts";
import { err, ok } from "../../../src/kernel/result.ts";
import { createClient, unique } from "./harness.ts";
import type { JsonOf } from "./answers.ts";

const { app, call, published } = createClient();

describe("sources, destinations and connections", () => {
  it("are created with the contract's defaults and read by id and by slug", async () => {
    const slug = unique("shop");
    const created = await call("POST", "/sources", { slug });
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({
      slug,
      name: slug,
      enabled: true,
      verification: { type: "none" },
      allowed_methods: ["POST", "PUT", "PATCH", "DELETE"],
      max_body_bytes: 1_048_576,
      url: `http://sluice.test/in/${slug}`,
    });
    expect(created.json.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    for (const name of [slug, created.json.id])
      expect((await call("GET", `/sources/${name}`)).json).toEqual(created.json);
  });

  it("derive a free slug from the name, and refuse one that is taken", async () => {
    const name = unique("Ünïque Name!");
    const first = await call("POST", "/destinations", { name, url: "https://api.example.com/" });
    const second = await call("POST", "/destinations", { name, url: "https://api.example.com/" });
    expect(second.json.slug).toBe(`${first.json.slug}-2`);
    const taken = await call("POST", "/destinations", { slug: first.json.slug, url: "https://api.example.com/" });
    expect(taken.status).toBe(409);
    expect(taken.json).toMatchObject({ code: "slug_taken", errors: [{ pointer: "/slug" }] });
  });

  it("accept a batch within its limits, for a method with a body, and null to remove it [G12]", async () => {
    const slug = unique("batching");
    const url = "https://api.example.com/";
    const created = await call("POST", "/destinations", { slug, url, batch: { max_events: 1_000 } });
    expect(created.status).toBe(201);
    const batch = { max_events: 1_000, max_bytes: 1_048_576, max_wait_seconds: 5, format: "json_array" };
    expect(created.json.batch).toEqual(batch);
    for (const [wrong, pointer] of [
      [{ batch: { max_events: 1_001 } }, "/batch/max_events"],
      [{ batch: { max_bytes: 5_000_000 } }, "/batch/max_bytes"],
      [{ batch: { max_wait_seconds: -1 } }, "/batch/max_wait_seconds"],
      [{ batch: { format: "csv" } }, "/batch/format"],
      [{ method: "GET" }, "/batch"],
    ] as const) {
      const refused = await call("PATCH", `/destinations/${slug}`, wrong);
      expect(refused.status).toBe(422);
      expect(refused.json).toMatchObject({ errors: [{ pointer }] });
    }
    expect((await call("GET", `/destinations/${slug}`)).json.batch).toEqual(batch);
    expect((await call("PATCH", `/destinations/${slug}`, { batch: null, method: "GET" })).json.batch).toBeNull();
  });

  it("keep fields that a PATCH does not name", async () => {
    const slug = unique("patched");
    await call("POST", "/destinations", {
      slug,
      url: "https://api.example.com/",
      timeout_ms: 1_000,
      rate_limit: { limit: 3 },
    });
    const patched = await call("PATCH", `/destinations/${slug}`, { timeout_ms: 2_000 });
    expect(patched.json).toMatchObject({
      timeout_ms: 2_000,
      rate_limit: { limit: 3, period_seconds: 1 },
      url: "https://api.example.com/",
    });
    const cleared = await call("PATCH", `/destinations/${slug}`, { rate_limit: null, slug: `${slug}-b` });
    expect(cleared.json).toMatchObject({ rate_limit: null, slug: `${slug}-b` });
    expect((await call("GET", `/destinations/${slug}`)).status).toBe(404);
  });

  it("publish the route documents of the sources that a change affects", async () => {
    const [source, destination] = [unique("src"), unique("dst")];
    const { json } = await call("POST", "/sources", { slug: source });
    await call("POST", "/destinations", { slug: destination, url: "https://api.example.com/" });
    const connection = await call("POST", "/connections", { source, destination });
    expect(connection.json).toMatchObject({
      source: json.id,
      source_slug: source,
      destination_slug: destination,
      enabled: true,
    });
    published.length = 0;
    await call("PATCH", `/destinations/${destination}`, { timeout_ms: 5_000 });
    await call("POST", `/destinations/${destination}/pause`);
    await call("POST", `/connections/${connection.json.slug}/pause`);
    expect(published).toEqual([[json.id], [json.id], [json.id]]);
    expect((await call("GET", `/destinations/${destination}`)).json.paused).toBe(true);
    expect((await call("POST", `/destinations/${destination}/resume`)).json.paused).toBe(false);
  });

  it("are deleted together with their connections", async () => {
    const [source, destination] = [unique("src"), unique("dst")];
    await call("POST", "/sources", { slug: source });
    await call("POST", "/destinations", { slug: destination, url: "https://api.example.com/" });
    const connection = await call("POST", "/connections", { source, destination });
    expect((await call("DELETE", `/destinations/${destination}`)).status).toBe(204);
    expect((await call("GET", `/connections/${connection.json.id}`)).status).toBe(404);
    expect((await call("DELETE", `/destinations/${destination}`)).status).toBe(404);
  });

  it("are listed newest first, a page at a time", async () => {
    for (let i = 0; i < 5; i++) await call("POST", "/sources", { slug: unique("listed") });
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: { json: JsonOf<"GET", "/sources"> } = await call(
        "GET",
        `/sources?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`,
      );
      seen.push(...page.json.data.map((source) => source.id));
      cursor = page.json.next_cursor;
    }
    expect(seen.length).toBeGreaterThanOrEqual(5);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => (a < b ? 1 : -1)));
  });
});

describe("invalid input gets a 4xx that names the field [G12]", () => {
  const url = "https://api.example.com/";
  it.each([
    ["/sources", {}, 422, "/name"],
    ["/sources", { name: "x", nme: 1 }, 422, "/nme"],
    ["/sources", { slug: "Bad Slug" }, 422, "/slug"],
    ["/sources", { name: "x", max_body_bytes: -1 }, 422, "/max_body_bytes"],
    ["/sources", { name: "x", max_body_bytes: 30_000_000 }, 422, "/max_body_bytes"],
    ["/sources", { name: "x", allowed_methods: ["FETCH"] }, 422, "/allowed_methods/0"],
    ["/sources", { name: "x", verification: { type: "nonsense" } }, 422, "/verification/type"],
    ["/sources", { name: "x", response: { status: 500 } }, 422, "/response/status"],
    ["/sources", [], 422, "/"],
    ["/sources", { name: null, slug: "null-named" }, 422, "/name"],
    ["/destinations", { name: null, url }, 422, "/name"],
    ["/destinations", { name: null, slug: "null-named", url }, 422, "/name"],
    ["/destinations", { name: "x", slug: null, url }, 422, "/slug"],
    ["/destinations", { name: "x" }, 422, "/url"],
    ["/destinations", { name: "x", url: "not a url" }, 422, "/url"],
    ["/destinations", { name: "x", url: "ftp://example.com" }, 422, "/url"],
    ["/destinations", { name: "x", url: "https://u:p@example.com" }, 422, "/url"],
    ["/destinations", { name: "x", url, headers: { "bad name": "x" } }, 422, "/headers/bad name"],
    ["/destinations", { name: "x", url, headers: { good: "a\r\nb" } }, 422, "/headers/good"],
    ["/destinations", { name: "x", url, headers: { "x-a": "{{nothing}}" } }, 422, "/headers/x-a"],
    ["/destinations", { name: "x", url, headers: { "x/a": "1" } }, 422, "/headers/x~1a"],
    ["/destinations", { name: "x", url, headers: { Host: "a.test" } }, 422, "/headers/Host"],
    ["/destinations", { name: "x", url, headers: { "sluice-hops": "0" } }, 422, "/headers/sluice-hops"],
    ["/destinations", { name: "x", url: "http://sluice.test/in/x" }, 422, "/url"],
    ["/destinations", { name: "x", url, rate_limit: { limit: 0 } }, 422, "/rate_limit/limit"],
    ["/destinations", { name: "x", url, retry: { schedule_seconds: [1, -1] } }, 422, "/retry/schedule_seconds/1"],
    ["/destinations", { name: "x", url, retry: { on: ["sometimes"] } }, 422, "/retry/on/0"],
    ["/destinations", { name: "x", url, timeout_ms: "15" }, 422, "/timeout_ms"],
    ["/connections", { destination: "x" }, 422, "/source"],
    ["/connections", { source: "nowhere", destination: "x" }, 422, "/source"],
  ])("POST %s %j", async (path, body, status, pointer) => {
    const before = (await call("GET", `${path}?limit=200`)).json.data?.length;
    const answer = await call("POST", path, body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.json.errors?.map((error) => error.pointer)).toContain(pointer);
    for (const field of ["type", "title", "status", "detail", "code", "request_id"])
      expect(answer.json).toHaveProperty(field);
    expect((await call("GET", `${path}?limit=200`)).json.data?.length).toBe(before);
  });

  it.each([
    ["/sources?limit=0", "/query/limit"],
    ["/sources?limit=201", "/query/limit"],
    ["/sources?cursor=%00", "/query/cursor"],
    ["/deliveries?status=lost", "/query/status"],
    ["/deliveries?from=yesterday", "/query/from"],
    ...["/events", "/deliveries", "/audit", "/stats/events"].map((list): [string, string] => [
      `${list}?from=2026-11-24T00:00:01Z&to=2026-11-24T00:00:00Z`,
      "/query/from",
    ]),
    ["/deliveries?destination=nowhere", "/query/destination"],
    ["/deliveries?destination=dst_nowhere", "/query/destination"],
    [`/deliveries?destination=src_${"0".repeat(26)}`, "/query/destination"],
    ["/deliveries?connection=nowhere", "/query/connection"],
    ["/deliveries?error=timeot", "/query/error"],
    ["/deliveries?error=http_status_", "/query/error"],
    ["/deliveries?event=nonsense", "/query/event"],
    ["/deliveries?conection=x", "/query/conection"],
    ["/deliveries?limit=2&limit=3", "/query/limit"],
    ["/deliveries?%64estination=x", "/query/destination"],
    ["/deliveries?colour~/=1", "/query/colour~0~1"],
    ["/events?source=nobody", "/query/source"],
    ["/ledger?source=nobody", "/query/source"],
    ["/sources?expand=state", "/query/expand"],
    ["/sources?order=worst", "/query/order"],
    ["/connections?order=health", "/query/order"],
    ["/destinations/x?expand=state", "/query/expand"],
    ["/sources?search=", "/query/search"],
    [`/destinations?search=${"x".repeat(201)}`, "/query/search"],
    ["/connections?source=nobody", "/query/source"],
    ["/sources?source=nobody", "/query/source"],
    ["/events?status=lost", "/query/status"],
  ])("GET %s", async (path, pointer) => {
    const answer = await call("GET", path);
    expect(answer.status).toBe(422);
    expect(answer.json.errors?.[0]?.pointer).toBe(pointer);
  });

  it.each([
    ["GET", "/deliveries?destination=nowhere", undefined, "destination `nowhere`"],
    ["GET", "/deliveries?connection=nowhere", undefined, "connection `nowhere`"],
    ["GET", "/deliveries?source=%00%20nowhere", undefined, "such source"],
    ["POST", "/connections", { source: "nowhere", destination: "x" }, "source `nowhere`"],
    ["POST", "/events", { destinations: ["nowhere"] }, "destination `nowhere`"],
    ["POST", "/replays", { connection: "nowhere" }, "connection `nowhere`"],
    ["POST", "/transforms/test", { transform: {}, sample: {}, destination: "nowhere" }, "destination `nowhere`"],
  ] as const)("%s %s %j says what there is not", async (method, path, body, missing) => {
    const { status, json } = await call(method, path, body);
    expect([status, json.errors?.[0]?.detail]).toEqual([422, `is unknown: there is no ${missing}`]);
  });

  it("a range that ends where it begins is empty", async () => {
    const { json } = await call("GET", "/events?from=2026-11-24T00:00:00Z&to=2026-11-24T00:00:00Z");
    expect(json).toEqual({ data: [], next_cursor: null });
  });

  it("reports malformed JSON as such", async () => {
    const answer = await call("POST", "/sources", "{");
    expect(answer.status).toBe(400);
    expect(answer.json.code).toBe("malformed_json");
  });

  it.each([
    "http://example.com",
    "https://localhost/",
    "https://127.0.0.1/",
    "https://0x7f.1/",
    "https://10.0.0.1",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://169.254.169.254/",
    "https://db.internal/",
    "https://[2::1]/",
    "https://sluice.test/in/x",
    "https://sluice.example.com:8443/in/x",
  ])("refuses %s as a destination except in local development", async (address) => {
    const strict = createClient({
      settings: { ...readSettings(env), allowPrivate: false, hostnames: ["sluice.example.com"] },
    });
    const answer = await strict.call("POST", "/destinations", { name: "x", url: address });
    expect(answer.status).toBe(422);
    expect(answer.json.errors?.[0]?.pointer).toBe("/url");
  });
});

describe("the host name of a destination [G10]", () => {
  const withNames = (found: Awaited<ReturnType<NonNullable<AppDeps["resolve"]>>>) =>
    createClient({ settings: { ...readSettings(env), allowPrivate: false }, resolve: async () => found });

  it("is refused when it resolves to a private address, on creation and on change", async () => {
    const open = withNames(ok(["1.1.1.1"]));
    const closed = withNames(ok(["1.1.1.1", "10.0.0.1"]));
    const slug = unique("named");
    const body = { slug, url: "https://api.example.com/" };
    expect((await closed.call("POST", "/destinations", body)).json.errors?.[0]?.pointer).toBe("/url");
    expect((await open.call("POST", "/destinations", body)).status).toBe(201);
    const changed = await closed.call("PATCH", `/destinations/${slug}`, { url: "https://other.example.com/" });
    expect([changed.status, changed.json.errors?.[0]?.pointer]).toEqual([422, "/url"]);
    expect((await call("GET", `/destinations/${slug}`)).json.url).toBe(body.url);
  });

  it("need not exist yet, because it is looked up again before each request", async () => {
    const { call: create } = withNames(err("not_found"));
    expect(
      (await create("POST", "/destinations", { slug: unique("new"), url: "https://new.example.com/" })).status,
    ).toBe(201);
  });
});

describe("the API", () => {
  it("is closed without a token, and when none is configured", async () => {
    for (const headers of [
      { authorization: "" },
      { authorization: "Bearer wrong" },
      { authorization: "Basic test-admin-token-of-the-tests" },
    ]) {
      const answer = await call("GET", "/sources", undefined, headers);
      expect([answer.status, answer.json.code]).toEqual([401, "unauthorized"]);
    }
    const shut = createClient({ settings: { adminToken: null } as never });
    expect((await shut.call("GET", "/sources")).json.code).toBe("not_configured");
  });

  it("returns the first answer again under the same idempotency key", async () => {
    const key = { "idempotency-key": unique("key") };
    const body = { slug: unique("once") };
    const first = await call("POST", "/sources", body, key);
    const again = await call("POST", "/sources", body, key);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.json).toEqual(first.json);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect((await call("POST", "/sources", { slug: unique("other") }, key)).json.code).toBe("idempotency_mismatch");
  });

  it("lets a request that failed be sent again under its idempotency key", async () => {
    const key = { "idempotency-key": unique("key") };
    expect((await call("POST", "/sources", {}, key)).status).toBe(422);
    expect((await call("POST", "/sources", { slug: unique("mended") }, key)).status).toBe(201);
  });

  it("reveals no internals when it fails", async () => {
    const broken = createClient({ db: { prepare: () => ({}) } as never });
    const answer = await broken.call("GET", "/deliveries");
    expect([answer.status, answer.json.code]).toEqual([500, "internal"]);
    expect(answer.text).not.toMatch(/prepare|function|SELECT/);
  });

  it("gives sources the URL of SLUICE_URL, and otherwise that of the address that was called", async () => {
    const slug = unique("addressed");
    await call("POST", "/sources", { name: "x", slug });
    const urlWith = async (SLUICE_URL: string): Promise<string> => {
      const client = createClient({ settings: readSettings({ ...env, SLUICE_URL }) });
      return (await client.call("GET", `/sources/${slug}` as "/sources/{id}")).json.url;
    };
    expect(await urlWith("https://hooks.example.com/")).toBe(`https://hooks.example.com/in/${slug}`);
    for (const unset of ["", "nonsense"]) expect(await urlWith(unset)).toBe(`http://sluice.test/in/${slug}`);
  });

  it("answers /healthz with 200 and nothing else, and unknown addresses with a problem", async () => {
    const health = await app.request("http://sluice.test/healthz");
    expect([health.status, await health.text()]).toEqual([200, ""]);
    const nowhere = await app.request("http://sluice.test/nowhere");
    expect([nowhere.status, nowhere.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
  });

  it("serves an OpenAPI document with exactly its routes", async () => {
    const document = await (
      await app.request("http://sluice.test/openapi.json")
    ).json<{ openapi: string; paths: Record<string, Record<string, unknown>>; components: { schemas: object } }>();
    expect(document.openapi).toBe("3.1.0");
    const described = Object.entries(document.paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
      .filter((operation) => operation.includes("/api/v1"));
    const routed = app.routes
      .filter((route) => route.path.startsWith("/api/v1/") && route.method !== "ALL")
      .map((route) => `${route.method} ${route.path.replace(":id", "{id}")}`);
    expect(new Set(described)).toEqual(new Set(routed));
    const references = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(
      (match) => match[1],
    );
    for (const name of references) expect(Object.keys(document.components.schemas)).toContain(name);
  });
});
