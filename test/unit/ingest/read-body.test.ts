import { describe, expect, it } from "vitest";
import { BODY_GRACE_MS, MIN_BODY_BYTES_PER_SECOND } from "../../../src/config/limits.ts";
import { BodyBudget } from "../../../src/ingest/body-budget.ts";
import { readBody, type Bodies } from "../../../src/ingest/read-body.ts";

const bodies = { put: () => Promise.reject(new Error("not here")) } as unknown as Bodies;
const chunk = (bytes: number): Uint8Array => new Uint8Array(bytes);
/** A body whose chunks come as given and which then stalls; it says whether it was cancelled. */
function stalling(chunks: readonly Uint8Array[]) {
  const left = [...chunks];
  const state = { cancelled: false };
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const next = left.shift();
      if (next !== undefined) controller.enqueue(next);
      else return new Promise<void>(() => undefined);
    },
    cancel: () => void (state.cancelled = true),
  });
  return { stream, state };
}

describe("the reading of a body", () => {
  it("ends for a sender that stalls, however much has come, and frees the connection", async () => {
    const { stream, state } = stalling([chunk(50_000), chunk(50_000)]);
    const budget = new BodyBudget(1_000_000);
    const times = [0, 0, 10_000];
    const now = (): number => times.shift() ?? BODY_GRACE_MS + (100_000 / MIN_BODY_BYTES_PER_SECOND) * 1_000;
    const read = await readBody(
      stream,
      null,
      { maxBytes: 1_000_000, hold: budget.hold(), now },
      bodies,
      "k",
      () => undefined,
    );
    expect(read).toMatchObject({ ok: false, error: { reason: "stalled" } });
    expect(state.cancelled).toBe(true);
  });

  it("ends for a sender that stalls with a small body of known length, and frees the connection", async () => {
    const { stream, state } = stalling([chunk(10)]);
    const times = [0, 0];
    const limits = { maxBytes: 1_000, hold: new BodyBudget(0).hold(), now: () => times.shift() ?? 2 * BODY_GRACE_MS };
    const read = await readBody(stream, 100, limits, bodies, "k", () => undefined);
    expect(read).toMatchObject({ ok: false, error: { reason: "stalled" } });
    expect(state.cancelled).toBe(true);
  });

  it("takes nothing from the budget for a small body of known length", async () => {
    const { stream } = stalling([chunk(60), chunk(40)]);
    const limits = { maxBytes: 1_000, hold: new BodyBudget(0).hold(), now: () => 0 };
    const read = await readBody(stream, 100, limits, bodies, "k", () => undefined);
    expect(read).toMatchObject({ ok: true, value: { bytes: 100 } });
  });

  it("goes on for a slow sender that keeps to the least rate", async () => {
    const seconds = 200;
    let time = 0;
    const left = Array.from({ length: seconds }, () => chunk(MIN_BODY_BYTES_PER_SECOND));
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        time += 1_000;
        const next = left.shift();
        if (next === undefined) controller.close();
        else controller.enqueue(next);
      },
    });
    const hold = new BodyBudget(100_000_000).hold();
    const parts = {
      createMultipartUpload: async () => ({
        uploadPart: async (partNumber: number) => ({ partNumber, etag: "" }),
        complete: async () => ({}),
      }),
    } as unknown as Bodies;
    const read = await readBody(
      stream,
      null,
      { maxBytes: 50_000_000, hold, now: () => time },
      parts,
      "k",
      () => undefined,
    );
    expect(read).toMatchObject({ ok: true, value: { bytes: seconds * MIN_BODY_BYTES_PER_SECOND } });
  });

  it("ends where the isolate holds as many bytes as it may, until another request gives its own back", async () => {
    const budget = new BodyBudget(100_000);
    const read = async (hold = budget.hold()) => {
      const body = new Blob([chunk(60_000)]).stream() as ReadableStream<Uint8Array>;
      return readBody(body, null, { maxBytes: 1_000_000, hold, now: () => 0 }, bodies, "k", () => undefined);
    };
    const first = budget.hold();
    expect((await read(first)).ok).toBe(true);
    const second = budget.hold();
    expect(await read(second)).toMatchObject({ ok: false, error: { reason: "busy" } });
    second.release();
    first.release();
    expect((await read()).ok).toBe(true);
  });
});
