// Compressed bodies: read decoded, forwarded as received.
import { gzipSync, brotliCompressSync, deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { DECODED, expectDecoded, expectUndecodable, UNDECODABLE } from "../../unit/kernel/content-encodings.ts";
import { createClient } from "../api/harness.ts";
import { createRoute, createWorld } from "../harness.ts";

const read = async (id: string) => (await createClient().call("GET", `/events/${id}`)).json;
const PAID = '{"type":"paid","id":7}';
const headers = (encoding: string) => ({ "content-type": "application/json", "content-encoding": encoding });

describe("workerd's zlib", () => {
  it.each(DECODED)("decodes %j", expectDecoded);

  it.each(UNDECODABLE)("refuses %j of these bytes", expectUndecodable);
});

describe("a compressed body", () => {
  it.each([
    ["gzip", gzipSync(PAID)],
    ["deflate", deflateSync(PAID)],
    ["br", brotliCompressSync(PAID)],
  ])("of %s is read by filters, and forwarded as received [G6]", async (encoding, body) => {
    const world = createWorld();
    const { slug, connectionIds } = await createRoute([
      { connection: { filter: { body: { type: "paid" } } } },
      { connection: { filter: { $not: { body: { type: "paid" } } } } },
    ]);
    const id = await world.post(slug, { body, headers: headers(encoding) });
    await world.turn();
    expect(world.requests).toHaveLength(1);
    const [request] = world.requests;
    expect(request?.body).toMatchObject({ kind: "inline" });
    expect(request?.body?.kind === "inline" && Buffer.from(request.body.bytes).equals(body)).toBe(true);
    expect(request?.headers).toContainEqual(["content-encoding", encoding]);
    expect((await read(id)).ignored_by).toMatchObject([{ connection: connectionIds[1], reason: "filter" }]);
  });

  it("that cannot be decoded meets no clause, negated or not, and the event says so", async () => {
    const world = createWorld();
    const filters = [{ body: { type: "paid" } }, { $not: { body: { type: "paid" } } }, { body: { $not: "x" } }];
    const { slug } = await createRoute(filters.map((filter) => ({ connection: { filter } })));
    const id = await world.post(slug, { body: PAID, headers: headers("gzip") });
    await world.turn();
    expect(world.requests).toHaveLength(0);
    const { status, ignored_by: ignored } = await read(id);
    expect(status).toBe("ignored");
    const clause = 'body: cannot be decoded: it does not have its content-encoding "gzip"';
    expect(ignored).toMatchObject(filters.map(() => ({ reason: "filter", failed_clause: clause })));
  });

  it("is read by transforms, whose result is not compressed", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ connection: { transform: { body: '{ "kind": type }' } } }]);
    await world.post(slug, { body: gzipSync(PAID), headers: headers("gzip") });
    await world.turn();
    const [request] = world.requests;
    expect(request?.body?.kind === "inline" && new TextDecoder().decode(request.body.bytes)).toBe('{"kind":"paid"}');
    expect(request?.headers.some(([name]) => name === "content-encoding")).toBe(false);
  });

  it("that cannot be decoded ends the delivery of a transform that reads it, which says why", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{ connection: { transform: { body: "type" } } }]);
    const id = await world.post(slug, { body: PAID, headers: headers("zstd") });
    await world.turn();
    const { deliveries } = await read(id);
    expect(deliveries).toMatchObject([
      {
        status: "dead",
        last_error: 'transform_failed: the body has the content-encoding "zstd", which cannot be decoded',
      },
    ]);
  });
});
