import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { makeDeliveryId } from "../../../src/model/ids.ts";
import type { FirstRecord } from "../../../src/delivery/index.ts";
import { deflateRawSync } from "node:zlib";
import {
  AT,
  clear,
  CONNECTION,
  counted,
  createRecord,
  first,
  newEventId,
  objects,
  readDelivery,
  timesOnRecord,
  writes,
} from "./harness.ts";

beforeEach(clear);

const delivered = (count: number, at = AT): FirstRecord[] =>
  Array.from({ length: count }, () => first({ id: newEventId(at) }));
const random = (length: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 65_536) crypto.getRandomValues(bytes.subarray(i, i + 65_536));
  return bytes;
};
const count = async (table: string): Promise<number> =>
  (await env.DB.prepare(`SELECT COUNT(*) AS n FROM ${table}`).first<{ n: number }>())?.n ?? 0;
const only = async (table: string): Promise<Record<string, unknown>> =>
  (await env.DB.prepare(`SELECT * FROM ${table}`).first()) ?? {};
const keys = async (): Promise<string[]> =>
  (await env.BODIES.list({ prefix: "payloads/" })).objects.map(({ key }) => key);

describe("the record of a batch", () => {
  it("is one row for all that ended at its first attempt", async () => {
    const record = createRecord();
    await record.write(writes(delivered(100)));
    expect([await count("segments"), await count("events"), await count("deliveries")]).toEqual([1, 0, 0]);
    expect(await counted("delivered")).toBe(100);
  });

  it("has rows for what waits or is dead, beside the segment", async () => {
    const record = createRecord();
    await record.write(writes([...delivered(3), first({ status: "retrying" }), first({ status: "dead" })]));
    expect([await count("segments"), await count("events"), await count("deliveries")]).toEqual([1, 2, 2]);
  });

  it("is read back whole, from either place [G6]", async () => {
    const record = createRecord();
    const bytes = random(30_000);
    const all = [first({ bytes }), first({ bytes, status: "retrying" }), first({ bytes, status: "dead" })];
    await record.write(writes(all));
    for (const { event, deliveries } of all) {
      const found = await record.event(event.id);
      const place = found.ok ? found.value?.place : undefined;
      if (place === undefined) throw new Error("not on record");
      const content = (await record.contents(new Map([["it", place]]))).get("it");
      expect(content).toMatchObject({
        ok: true,
        value: { query: event.query, headers: event.headers, body: event.body },
      });
      expect(await readDelivery(record, makeDeliveryId(event.id, CONNECTION))).toMatchObject({ ...deliveries[0] });
    }
  });

  it("keeps a small payload in D1, and puts a large one into one object of R2", async () => {
    const before = (await keys()).length;
    const record = createRecord();
    await record.write(writes([first(), first({ status: "retrying" })]));
    expect((await keys()).length).toBe(before);
    expect((await only("segments"))["payload"]).not.toBeNull();
    await clear();
    await record.write(writes([first({ bytes: random(9_000) }), first({ bytes: random(9_000), status: "retrying" })]));
    expect((await keys()).length).toBe(before + 1);
    expect((await only("segments"))["payload"]).toBeNull();
    expect(await only("events")).toMatchObject({ payload: null, payload_length: expect.any(Number) as number });
  });

  it("has nothing of head, body and answers in D1 beyond the limit for small ones", async () => {
    const record = createRecord();
    const bytes = new Uint8Array([...utf8("<secret-part>"), ...random(9_000)]);
    await record.write(writes([first({ bytes }), first({ bytes, status: "dead" })]));
    const tables = await Promise.all(["segments", "events", "deliveries"].map(only));
    const stored = JSON.stringify(tables);
    for (const part of ["secret-part", "content-type", "thanks", "x-answer", "a=1"]) expect(stored).not.toContain(part);
    expect(stored.length).toBeLessThan(4_000);
  });

  it("keeps the payload in D1 while R2 is away, or where there is none [G7]", async () => {
    const put = () => Promise.reject(new Error("R2 is down"));
    for (const payloads of [null, { ...objects, put }]) {
      await clear();
      const record = createRecord({ payloads });
      const all = [first({ bytes: random(90_000) }), first({ bytes: random(90_000), status: "retrying" })];
      await record.write(writes(all));
      for (const { event } of all) {
        const found = await record.event(event.id);
        expect(found).toMatchObject({ ok: true, value: { place: { kind: "piece" } } });
      }
      expect(record.reports).toEqual(payloads === null ? [] : ["payload kept in D1"]);
    }
  });

  it("puts the payload first: without a record nothing names it, without a payload there is no record", async () => {
    const order: string[] = [];
    const record = createRecord({
      payloads: { ...objects, put: async (key, bytes) => (order.push("payload"), objects.put(key, bytes)) },
      tables: { commit: async () => (order.push("record"), { kind: "recorded", size: 0 }) },
    });
    await record.write(writes([first({ bytes: random(9_000) })]));
    expect(order).toEqual(["payload", "record"]);
  });

  it("goes to R2 from half of D1 on, however small it is", async () => {
    const record = createRecord({ tables: { commit: async () => ({ kind: "recorded", size: 5_000_000_001 }) } });
    const before = (await keys()).length;
    await record.write(writes([first()]));
    expect((await keys()).length).toBe(before);
    await record.write(writes([first()]));
    expect((await keys()).length).toBe(before + 1);
  });

  it("splits what spans more than five seconds", async () => {
    const record = createRecord();
    await record.write(writes([...delivered(2, AT), ...delivered(2, AT - 600_000)]));
    expect(await count("segments")).toBe(2);
  });

  it("draws another key where a segment has it already", async () => {
    const draws = [0.5, 0.5, 0.5, 0.25];
    const record = createRecord({ random: () => draws.shift() ?? 0 });
    await record.write(writes(delivered(1)));
    await record.write(writes(delivered(1)));
    expect(draws).toEqual([]);
    expect(await count("segments")).toBe(2);
  });

  it("removes the outbox's copies in the same transaction", async () => {
    const all = delivered(2);
    await env.DB.batch(
      all.map(({ event }) =>
        env.DB.prepare(
          "INSERT INTO outbox (id, event, body_encoding, resend_at, resends) VALUES (?1, '{}', 'utf8', 0, 0)",
        ).bind(event.id),
      ),
    );
    const record = createRecord();
    await record.write(writes(all, { forget: all.map(({ event }) => event.id) }));
    expect(await count("outbox")).toBe(0);
  });

  it("takes at most 200 bytes a webhook of 8 KB in full batches, and 600 for one that waits", async () => {
    const fill = async (status: "delivered" | "retrying", from: number): Promise<number> => {
      for (let batch = 0; batch < 10; batch++) {
        const all = Array.from({ length: 100 }, (_, i) =>
          first({ id: newEventId(from + batch * 1_000 + i * 10), bytes: random(8_000), status }),
        );
        await createRecord().write(writes(all));
      }
      return (await env.DB.prepare("SELECT 1").run()).meta.size_after;
    };
    const bytes = async (status: "delivered" | "retrying", from: number): Promise<number> =>
      (-(await fill(status, from)) + (await fill(status, from + 20_000))) / 1_000;
    const ended = await bytes("delivered", AT);
    const waiting = await bytes("retrying", AT + 100_000);
    expect(ended).toBeLessThanOrEqual(200);
    expect(waiting).toBeLessThanOrEqual(600);
  });
});

describe("an event that is on record", () => {
  it("is not recorded again, while the rest of its batch is", async () => {
    const record = createRecord();
    const [inSegment, inRows] = [first(), first({ status: "retrying" })];
    await record.write(writes([inSegment, inRows]));
    const others = delivered(2);
    await record.write(writes([inSegment, ...others, { ...inRows, deliveries: [] }]));
    const times = await timesOnRecord();
    expect([...times.values()]).toEqual([1, 1, 1, 1]);
    expect(await counted("accepted")).toBe(4);
    expect(await record.event(inRows.event.id)).toMatchObject({
      value: { segment: null, deliveries: [{ status: "retrying" }] },
    });
  });

  it("stays on record when its transaction is repeated after a lost answer", async () => {
    const record = createRecord();
    const all = delivered(3);
    await record.write(writes(all));
    await record.write(writes(all));
    expect([...(await timesOnRecord()).values()]).toEqual([1, 1, 1]);
    expect(await counted("accepted")).toBe(3);
  });

  it("is refused by nothing else: a fault of another statement is no sign of it", async () => {
    await env.DB.prepare(
      "INSERT INTO counters (step, at, source_id, destination_id, counts) VALUES (60000, ?1, ?2, '', 'broken')",
    )
      .bind(AT, "src_01kb0000000000000000000001")
      .run();
    await expect(createRecord().write(writes(delivered(1)))).rejects.toThrow("none of its events is on record");
    expect(await timesOnRecord()).toEqual(new Map());
  });

  it("cannot be read alone where its segment cannot be decoded, and is named", async () => {
    const record = createRecord();
    const [one, other] = [first(), first()];
    await record.write(writes([one]));
    await env.DB.prepare("UPDATE segments SET entries = ?1")
      .bind(new Uint8Array(deflateRawSync('{"v":7}')))
      .run();
    await record.write(writes([other]));
    const { k } =
      (await env.DB.prepare("SELECT k FROM segments WHERE first_id = ?1")
        .bind(one.event.id.slice(4))
        .first<{ k: number }>()) ?? {};
    expect(await record.event(one.event.id)).toMatchObject({
      ok: false,
      error: { reason: "record_unreadable", key: k },
    });
    expect(await record.event(other.event.id)).toMatchObject({ ok: true, value: { event: { id: other.event.id } } });
  });
});
