import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { EventMessage } from "../../../src/model/message.ts";
import type { BodyCheck, Rejection } from "../../../src/ingest/index.ts";
import { createRoute, createWorld, type Overrides, type World } from "../harness.ts";

const fail = () => Promise.reject(new Error("refused"));
const rowsIn = async (table: string): Promise<number> =>
  (await env.DB.prepare(`SELECT COUNT(*) AS count FROM ${table}`).first<{ count: number }>())?.count ?? -1;
const firstMessage = (world: World): EventMessage => world.queued[0]?.message as EventMessage;
const bytesOf = (length: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 7 + (i >> 8)) & 0xff;
  return bytes;
};

describe("accepting a webhook", () => {
  it("puts the whole event into the queue and writes nothing to D1 [G1]", async () => {
    const world = createWorld();
    const { slug, sourceId } = await createRoute();
    const result = await world.accept(`/in/${slug}/a%2Fb?x=1&y`, { body: "héllo", headers: { "X-Two": "2" } });
    expect(result.ok).toBe(true);
    const { event } = firstMessage(world);
    expect(event).toMatchObject({ source_id: sourceId, method: "POST", path: "/a%2Fb", query: "?x=1&y" });
    expect(event.headers).toContainEqual(["x-two", "2"]);
    expect(await rowsIn("events")).toBe(0);
    expect(await rowsIn("outbox")).toBe(0);
  });

  it("keeps the event in D1 when the queue refuses, and the sweep brings it back [G1] [G7]", async () => {
    const world = createWorld({ ingest: { send: fail } });
    const { slug } = await createRoute();
    expect((await world.accept(`/in/${slug}`, { body: "kept" })).ok).toBe(true);
    expect(world.queued).toEqual([]);
    expect(await rowsIn("outbox")).toBe(1);
    world.advance(61_000);
    await world.sweep();
    await world.drain();
    expect(world.requests).toHaveLength(1);
    expect(await rowsIn("outbox")).toBe(0);
  });

  it("keeps the event in R2 when D1 refuses as well, and the sweep brings it back [G1] [G7]", async () => {
    const world = createWorld({ ingest: { send: fail, journalD1: fail } });
    const { slug } = await createRoute();
    expect((await world.accept(`/in/${slug}`, { body: bytesOf(300) })).ok).toBe(true);
    expect((await env.BODIES.list({ prefix: "outbox/" })).objects).toHaveLength(1);
    await world.sweep();
    await world.sweep();
    await world.drain();
    expect(world.requests[0]?.body).toEqual({ kind: "inline", bytes: bytesOf(300) });
    expect((await env.BODIES.list({ prefix: "outbox/" })).objects).toHaveLength(0);
    expect(await rowsIn("outbox")).toBe(0);
  });

  it("says 503 when nothing can keep the event [G1]", async () => {
    const world = createWorld({ ingest: { send: fail, journalD1: fail, journalR2: fail } });
    const { slug } = await createRoute();
    expect(await world.accept(`/in/${slug}`, { body: "x" })).toEqual({ ok: false, error: { reason: "unavailable" } });
  });

  it("journals before it accepts when the journal is always on, and clears it with the record [G1]", async () => {
    const world = createWorld({ journal: "always" });
    const { slug } = await createRoute();
    expect((await world.accept(`/in/${slug}`, { body: "x" })).ok).toBe(true);
    expect(await rowsIn("outbox")).toBe(1);
    await world.drain();
    expect(await rowsIn("outbox")).toBe(0);
  });

  it("does not accept without a journal when the journal is always on [G1]", async () => {
    const world = createWorld({ journal: "always", ingest: { journalD1: fail, journalR2: fail } });
    const { slug } = await createRoute();
    expect((await world.accept(`/in/${slug}`, { body: "x" })).ok).toBe(false);
    expect(world.queued).toEqual([]);
  });

  it("finds a source in memory while D1 and KV are down [G7]", async () => {
    const world = createWorld();
    const { slug } = await createRoute();
    await world.accept(`/in/${slug}`, { body: "1" });
    Object.assign(world.runtime.routes.origins, { compile: fail, readCache: fail });
    world.advance(10_000);
    expect((await world.accept(`/in/${slug}`, { body: "2" })).ok).toBe(true);
  });

  it.each([100_000, 5 * 1024 * 1024, 11 * 1024 * 1024])(
    "takes a body of %i bytes through R2, byte for byte [G6]",
    async (length) => {
      const world = createWorld();
      const { slug } = await createRoute([{}], { max_body_bytes: 25 * 1024 * 1024 });
      const result = await world.accept(`/in/${slug}`, { body: bytesOf(length) });
      expect(result.ok).toBe(true);
      const { event } = firstMessage(world);
      expect(event.body_bytes).toBe(length);
      const stored = await env.BODIES.get(event.body.kind === "r2" ? event.body.key : "");
      const digest = async (bytes: ArrayBuffer): Promise<string> =>
        [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].join();
      expect(await digest((await stored?.arrayBuffer()) ?? new ArrayBuffer())).toBe(
        await digest(bytesOf(length).buffer),
      );
    },
  );
});

/** Passes bodies whose bytes add up to an even number. */
const evenSum = (flagOnly: boolean): BodyCheck => {
  let sum = 0;
  return {
    flagOnly,
    update: (chunk) => void (sum = chunk.reduce((total, byte) => total + byte, sum)),
    finish: async () => (sum % 2 === 0 ? { ok: true } : { ok: false, cause: "signature_mismatch" }),
  };
};
const rejectionsOf = (change: Overrides["ingest"]): { world: World; rejections: Rejection[] } => {
  const rejections: Rejection[] = [];
  return {
    world: createWorld({ ingest: { ...change, refused: (rejection) => void rejections.push(rejection) } }),
    rejections,
  };
};

describe("checking a request", () => {
  it("refuses what fails, with the cause for the log alone, and nothing reaches a queue [G9]", async () => {
    const { world, rejections } = rejectionsOf({ beginCheck: async () => evenSum(false) });
    const { slug } = await createRoute();
    const result = await world.accept(`/in/${slug}/sub?a=1`, { body: new Uint8Array([1]) });
    expect(result).toEqual({ ok: false, error: { reason: "verification_failed" } });
    expect(world.queued).toEqual([]);
    expect(rejections).toMatchObject([
      { reason: "verification_failed", cause: "signature_mismatch", method: "POST", path: "/sub", query: "?a=1" },
    ]);
    expect(rejections[0]?.source?.slug).toBe(slug);
    expect([...(rejections[0]?.bodyHead ?? [])]).toEqual([1]);
  });

  it.each([
    [[2], true],
    [[1], false],
  ])("keeps the verdict with the event where the source only flags", async (bytes, verified) => {
    const { world } = rejectionsOf({ beginCheck: async () => evenSum(true) });
    const { slug } = await createRoute();
    expect((await world.accept(`/in/${slug}`, { body: new Uint8Array(bytes) })).ok).toBe(true);
    expect(firstMessage(world).event.verified).toBe(verified);
  });

  it("leaves no verdict where the source demands none", async () => {
    const { world } = rejectionsOf({});
    const { slug } = await createRoute();
    await world.accept(`/in/${slug}`, { body: "x" });
    expect(firstMessage(world).event.verified).toBeNull();
  });

  it.each([200_000, 12 * 1024 * 1024])(
    "leaves no object behind of a refused body of %i bytes, and keeps the same one once it is genuine [G9]",
    async (length) => {
      const { world } = rejectionsOf({ beginCheck: async () => evenSum(false) });
      const { slug } = await createRoute([{}], { max_body_bytes: 25 * 1024 * 1024 });
      const before = (await env.BODIES.list()).objects.length;
      const body = new Uint8Array(length);
      body[length - 1] = 1;
      expect((await world.accept(`/in/${slug}`, { body })).ok).toBe(false);
      expect((await env.BODIES.list()).objects).toHaveLength(before);
      body[0] = 1;
      expect((await world.accept(`/in/${slug}`, { body })).ok).toBe(true);
      expect((await env.BODIES.list()).objects).toHaveLength(before + 1);
    },
  );

  it("removes the object of a large body when nothing can keep its event [G1]", async () => {
    const { world } = rejectionsOf({ send: fail, journalD1: fail, journalR2: fail });
    const { slug } = await createRoute();
    const before = (await env.BODIES.list()).objects.length;
    expect((await world.accept(`/in/${slug}`, { body: bytesOf(200_000) })).ok).toBe(false);
    expect((await env.BODIES.list()).objects).toHaveLength(before);
  });

  it.each([
    ["the check cannot begin", { beginCheck: fail }],
    ["the check cannot end", { beginCheck: async () => ({ ...evenSum(false), finish: fail }) }],
    ["R2 is down", { bodies: { put: fail, createMultipartUpload: fail, delete: fail } }],
  ])("says 503 and keeps nothing when %s [G1] [G9]", async (_what, change: Overrides["ingest"]) => {
    const { world, rejections } = rejectionsOf(change);
    const { slug } = await createRoute();
    const result = await world.accept(`/in/${slug}`, { body: bytesOf(200_000) });
    expect(result).toEqual({ ok: false, error: { reason: "unavailable" } });
    expect(world.queued).toEqual([]);
    expect(rejections).toHaveLength(1);
  });
});

describe("a provider's handshake", () => {
  const answer = { status: 200, headers: {}, body: "challenge" };

  it("is answered from the head before the method is asked about, and makes no event", async () => {
    const { world } = rejectionsOf({
      handshake: async (head, body) => (head.method === "GET" && body === null ? { kind: "answer", answer } : null),
    });
    const { slug } = await createRoute();
    expect(await world.accept(`/in/${slug}`, { method: "GET" })).toEqual({
      ok: true,
      value: { kind: "handshake", answer },
    });
    expect(world.queued).toEqual([]);
  });

  it("is answered from the body once the request is verified, and not before", async () => {
    const { world } = rejectionsOf({
      beginCheck: async () => evenSum(false),
      handshake: async (_head, body, _source, verified) =>
        body !== null && verified ? { kind: "answer", answer } : null,
    });
    const { slug } = await createRoute();
    expect((await world.accept(`/in/${slug}`, { body: new Uint8Array([1]) })).ok).toBe(false);
    expect(await world.accept(`/in/${slug}`, { body: new Uint8Array([2]) })).toMatchObject({ value: { answer } });
    expect(world.queued).toEqual([]);
  });

  it("is refused like any other forgery when it comes from another sender [G9]", async () => {
    const { world, rejections } = rejectionsOf({ handshake: async () => ({ kind: "refuse", cause: "verify_token" }) });
    const { slug } = await createRoute();
    expect(await world.accept(`/in/${slug}`, { body: "x" })).toEqual({
      ok: false,
      error: { reason: "verification_failed" },
    });
    expect(rejections).toMatchObject([{ cause: "verify_token" }]);
  });
});

describe("refusing a request [G12]", () => {
  it("refuses an unknown source, a disabled one and any other path alike", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{}], { enabled: false });
    for (const path of [`/in/${slug}`, "/in/nowhere", "/in/", "/other"]) {
      expect(await world.accept(path, { body: "x" })).toEqual({ ok: false, error: { reason: "unknown_source" } });
    }
  });

  it("names the methods that are allowed", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{}], { allowed_methods: ["PUT"] });
    expect(await world.accept(`/in/${slug}`, { body: "x" })).toEqual({
      ok: false,
      error: { reason: "method_not_allowed", allowed: ["PUT"] },
    });
  });

  it("refuses a body that is announced as too large without reading it", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{}], { max_body_bytes: 10 });
    let pulled = 0;
    const body = new ReadableStream(
      { pull: (controller) => (pulled++, controller.enqueue(new Uint8Array(5))) },
      { highWaterMark: 0 },
    );
    const result = await world.accept(`/in/${slug}`, { body, headers: { "content-length": "11" } });
    expect(result).toEqual({ ok: false, error: { reason: "body_too_large", maxBytes: 10 } });
    expect(pulled).toBe(0);
  });

  it("stops reading a body that turns out too large, and leaves nothing behind", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{}], { max_body_bytes: 6 * 1024 * 1024 });
    let pulled = 0;
    const body = new ReadableStream({
      pull: (controller) => (pulled++, controller.enqueue(new Uint8Array(1024 * 1024))),
    });
    const result = await world.accept(`/in/${slug}`, { body });
    expect(result).toMatchObject({ ok: false, error: { reason: "body_too_large" } });
    expect(pulled).toBeLessThan(10);
    expect(world.queued).toEqual([]);
  });

  it("refuses a head that would not fit into a message", async () => {
    const world = createWorld();
    const { slug } = await createRoute();
    const result = await world.accept(`/in/${slug}`, { body: "x", headers: { big: "x".repeat(17_000) } });
    expect(result).toEqual({ ok: false, error: { reason: "head_too_large" } });
  });
});
