import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { MAX_MESSAGE_BYTES } from "../../../src/config/limits.ts";
import { encodedBytes } from "../../../src/kernel/encoded-size.ts";
import { createRoute, createWorld } from "../harness.ts";

const BODY = "x".repeat(96 * 1024);

/** Whether a queue of the local runtime takes it: its limit is the platform's. Wrapped, so that its consumer leaves it alone. */
const isTaken = (message: unknown): Promise<boolean> =>
  env.EVENTS.send({ v: 2, kind: "wrapped", message }, { contentType: "v8" }).then(
    () => true,
    () => false,
  );

/** The shortest headers, as many as a source accepts. */
function manyHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  let bytes = 0;
  for (let i = 0; bytes < 15_500; i++) {
    const name = `h${i.toString(36)}`;
    headers[name] = "1";
    bytes += name.length + 1;
  }
  return headers;
}

describe("a message", () => {
  it.each([
    ["bytes", (size: number) => ({ bytes: new Uint8Array(size) })],
    ["text", (size: number) => ({ text: "x".repeat(size) })],
    ["pairs", (size: number) => Array.from({ length: size / 16 }, () => ["a", "b"])],
  ])("of the measured limit is taken by the queue: %s", async (_what, make) => {
    let size = MAX_MESSAGE_BYTES;
    while (encodedBytes(make(size)) > MAX_MESSAGE_BYTES) size -= 64;
    expect(await isTaken(make(size))).toBe(true);
    expect(await isTaken(make(size * 2))).toBe(false);
  });
});

describe("an event that was accepted", () => {
  it("fits into its message whatever its head: a body that does not goes to R2 [G1] [G6]", async () => {
    const world = createWorld();
    const { slug } = await createRoute();
    const result = await world.accept(`/in/${slug}`, { body: BODY, headers: manyHeaders() });
    expect(result.ok).toBe(true);
    const message = world.queued[0]?.message;
    expect(message).toMatchObject({ kind: "event", event: { body: { kind: "r2" } } });
    expect(await isTaken(message)).toBe(true);
    await world.drain();
    const request = world.requests[0];
    if (request?.body?.kind !== "r2") throw new Error("a body in R2 was expected");
    expect(await (await env.BODIES.get(request.body.key))?.text()).toBe(BODY);
  });

  it("leaves no object behind when it cannot be made durable", async () => {
    const refuse = () => Promise.reject(new Error("refused"));
    const world = createWorld({ ingest: { send: refuse, journalD1: refuse, journalR2: refuse } });
    const { slug } = await createRoute();
    const before = (await env.BODIES.list()).objects.length;
    const result = await world.accept(`/in/${slug}`, { body: BODY, headers: manyHeaders() });
    expect(result).toMatchObject({ ok: false, error: { reason: "unavailable" } });
    expect((await env.BODIES.list()).objects).toHaveLength(before);
  });
});
