// The sender on workerd's streams with a simulated network. test/system/outbound.test.ts uses a real one.
import { describe, expect, it } from "vitest";
import { MAX_RESPONSE_EXCERPT_BYTES } from "../../../src/config/limits.ts";
import { httpSender, type SenderPorts } from "../../../src/outbound/sender.ts";
import type { OutboundRequest } from "../../../src/outbound/types.ts";

const request = (change: Partial<OutboundRequest> = {}): OutboundRequest => ({
  url: "https://api.test/hook",
  method: "POST",
  headers: [["x-a", "1"]],
  body: { kind: "inline", bytes: new Uint8Array([1, 2]) },
  bodyBytes: 2,
  timeoutMs: 200,
  ...change,
});
const sender = (respond: (init: RequestInit) => Response | Promise<Response>, change: Partial<SenderPorts> = {}) =>
  httpSender({
    fetch: (async (_url: string, init: RequestInit) => respond(init)) as typeof fetch,
    readStored: async () => null,
    probe: async () => true,
    now: () => Date.now(),
    ...change,
  });
const fail = (message: string) => () => Promise.reject<Response>(new Error(message));

describe("the stored response", () => {
  it("has the first bytes only, and an endless stream is cancelled", async () => {
    let pulled = 0;
    const ended = Promise.withResolvers<boolean>();
    const endless = new ReadableStream({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024).fill(97));
      },
      cancel: () => ended.resolve(true),
    });
    const answer = await sender(() => new Response(endless))(request());
    expect(answer).toMatchObject({ status: 200, error: null, excerpt: "a".repeat(MAX_RESPONSE_EXCERPT_BYTES) });
    expect(await ended.promise).toBe(true);
    expect(pulled).toBeLessThanOrEqual(8);
  });

  it("is cut at the limit when it arrives in one large chunk", async () => {
    const answer = await sender(() => new Response(new Uint8Array(8_000_000).fill(98)))(request());
    expect(answer.excerpt).toBe("b".repeat(MAX_RESPONSE_EXCERPT_BYTES));
  });

  it("loses only a character that the limit cuts in two", async () => {
    const answer = await sender(() => new Response(`${"a".repeat(MAX_RESPONSE_EXCERPT_BYTES - 1)}€`))(request());
    expect(answer.excerpt).toBe("a".repeat(MAX_RESPONSE_EXCERPT_BYTES - 1));
  });

  it("has no hop-by-hop headers and no cookies, and keeps the headers that decide about retries, however many there are", async () => {
    const headers = new Headers(Array.from({ length: 60 }, (_, i) => [`a-${i}`, "x".repeat(2_000)]));
    for (const [name, value] of [
      ["retry-after", "7"],
      ["webhook-delivery", "disable"],
      ["x-ratelimit-reset", "9"],
      ["keep-alive", "timeout=5"],
      ["connection", "close"],
      ["set-cookie", "session=hidden"],
    ] as const)
      headers.set(name, value);
    const kept = (await sender(() => new Response("", { status: 429, headers }))(request())).headers ?? {};
    expect(kept).toMatchObject({ "retry-after": "7", "webhook-delivery": "disable", "x-ratelimit-reset": "9" });
    expect(Object.keys(kept)).toHaveLength(40);
    for (const name of ["keep-alive", "connection", "set-cookie"]) expect(kept).not.toHaveProperty(name);
    expect(Math.max(...Object.values(kept).map((value) => value.length))).toBeLessThanOrEqual(512);
  });
});

const broken = () =>
  new ReadableStream({ pull: (controller) => controller.error(new Error("Network connection lost.")) });
const stalled = () =>
  new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("begun")) });

describe("a success", () => {
  it.each([200, 201, 202, 207, 299])("is a %i whose body breaks off, and the attempt says so", async (status) => {
    const answer = await sender(() => new Response(broken(), { status }))(request());
    expect(answer).toMatchObject({ status, error: null, detail: expect.stringContaining("broke off") });
  });

  it("is a 200 whose body never ends, with the part that arrived", async () => {
    const answer = await sender(() => new Response(stalled()))(request());
    expect(answer).toMatchObject({ status: 200, error: null, excerpt: "begun" });
    expect(answer.detail).toMatch(/^The body of the response had not ended after \d+ ms\.$/);
  });

  it("does not occupy its connection for the whole time limit when its body never ends", async () => {
    const cancelled = Promise.withResolvers<boolean>();
    const body = new ReadableStream({ cancel: () => cancelled.resolve(true) });
    const answer = await sender(() => new Response(body))(request({ timeoutMs: 300_000 }));
    expect(answer).toMatchObject({ status: 200, error: null });
    expect(answer.durationMs).toBeLessThan(10_000);
    expect(await cancelled.promise).toBe(true);
  });

  it("has no remark when its body ends", async () => {
    expect(await sender(() => new Response("ok"))(request())).not.toHaveProperty("detail");
  });

  it("is not a batch's 207 whose body cannot be read, because the results are in it", async () => {
    const batch = request({ isBatch: true, answerBytes: 1_000 });
    expect(await sender(() => new Response(broken(), { status: 207 }))(batch)).toMatchObject({ error: "reset" });
    expect(await sender(() => new Response(stalled(), { status: 207 }))(batch)).toMatchObject({ error: "timeout" });
    expect(await sender(() => new Response(broken(), { status: 200 }))(batch)).toMatchObject({ error: null });
  });
});

describe("the time limit", () => {
  it("covers a response whose body never ends, and keeps the part that arrived", async () => {
    const answer = await sender(() => new Response(stalled(), { status: 429, headers: { "retry-after": "9" } }))(
      request(),
    );
    expect(answer).toMatchObject({ status: 429, error: "timeout", excerpt: "begun", headers: { "retry-after": "9" } });
    expect(answer.durationMs).toBeGreaterThanOrEqual(190);
  });

  it("covers a network that never answers", async () => {
    const never = () => new Promise<never>(() => undefined);
    expect(await sender(never)(request())).toMatchObject({ status: null, error: "timeout" });
  });
});

describe("the error", () => {
  it.each([
    ["Network connection lost.", true, "https://api.test/", "reset"],
    ["Network connection lost.", false, "https://api.test/", "connect_refused"],
    ["internal error; reference = 0123", true, "https://api.test/", "tls"],
    ["internal error; reference = 0123", false, "https://api.test/", "dns"],
    ["internal error; reference = 0123", true, "http://api.test/", "network"],
    ["something else", true, "https://api.test/", "network"],
    ["DNS lookup failed", true, "https://api.test/", "dns"],
    ["Connection refused", true, "https://api.test/", "connect_refused"],
    ["TLS handshake failed", true, "https://api.test/", "tls"],
    ["peer disconnected", true, "https://api.test/", "reset"],
  ])("%s, with a port that opens: %s, at %s is %s", async (message, opens, url, code) => {
    const probed: (string | number)[][] = [];
    const answer = await sender(fail(message), {
      probe: async (host, port) => {
        probed.push([host, port]);
        return opens;
      },
    })(request({ url }));
    expect(answer).toMatchObject({ status: null, headers: null, excerpt: null, error: code });
    for (const call of probed) expect(call).toEqual(["api.test", url.startsWith("https") ? 443 : 80]);
  });

  it.each([
    [301, {}, "", "redirect"],
    [404, {}, "", "http_status"],
    [508, {}, "", "loop"],
    [521, { server: "cloudflare" }, "", "connect_refused"],
    [522, { server: "cloudflare" }, "", "timeout"],
    [526, { server: "cloudflare" }, "", "tls"],
    [530, { server: "cloudflare" }, "error code: 1016", "dns"],
    [530, { server: "cloudflare" }, "error code: 1033", "http_status"],
    [521, { server: "nginx" }, "", "http_status"],
  ] as const)("%i of %j %j is %s", async (status, headers, body, code) => {
    expect(await sender(() => new Response(body, { status, headers }))(request())).toMatchObject({
      status,
      error: code,
    });
  });

  it("is reset when a response had begun that is no success", async () => {
    const answer = await sender(() => new Response(broken(), { status: 500 }))(request());
    expect(answer).toMatchObject({ status: 500, error: "reset" });
  });

  it("is body_missing when the stored body no longer exists, and no request is made", async () => {
    let requests = 0;
    const send = sender(() => {
      requests += 1;
      return new Response();
    });
    expect(await send(request({ body: { kind: "r2", key: "bodies/x" } }))).toMatchObject({ error: "body_missing" });
    expect(requests).toBe(0);
  });
});

describe("the request", () => {
  it("follows no redirect, and has the method, headers and bytes unchanged", async () => {
    let sent: RequestInit = {};
    await sender((init) => {
      sent = init;
      return new Response();
    })(request({ method: "PUT" }));
    expect(sent).toMatchObject({ method: "PUT", redirect: "manual", headers: [["x-a", "1"]] });
    expect(sent.body).toEqual(new Uint8Array([1, 2]));
  });
});

describe("an invocation that may make no more calls", () => {
  it.each(["Too many subrequests.", "Too many API requests by single worker invocation."])(
    "sends nothing: %s",
    async (words) => {
      const refused = sender(() => Promise.reject(new Error(words)));
      expect(await refused(request())).toMatchObject({ status: null, isOverBudget: true });
    },
  );
});

describe("a body in R2", () => {
  const stored = request({ body: { kind: "r2", key: "bodies/x" } });
  const unsent = sender(() => Promise.reject(new Error("nothing may be sent")), {
    readStored: () => Promise.reject(new Error("R2 down")),
  });

  it("that cannot be read is reported as such, not as a failure of the destination", async () => {
    expect(await unsent(stored)).toMatchObject({ status: null, isBodyUnavailable: true });
  });

  it("that does not come in time is reported as such", async () => {
    const hangs = sender(() => new Response(), { readStored: () => new Promise(() => undefined) });
    expect(await hangs(stored)).toMatchObject({ status: null, isBodyUnavailable: true });
  });
});
