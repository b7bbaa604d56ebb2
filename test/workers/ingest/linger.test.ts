// The answer to a body that is too large: at once, while what still comes is thrown away, within bounds.
import { describe, expect, it } from "vitest";
import { MAX_DISCARD_MS, MAX_DISCARDED_BYTES } from "../../../src/config/limits.ts";
import { answeringWhileSending } from "../../../src/ingest/index.ts";

const MIB = 1024 * 1024;
const refusal = () => new Response('{"code":"body_too_large"}', { status: 413, headers: { "x-kept": "yes" } });

/** A body that goes on as long as it is read, or stalls after so many chunks; it says how much of it was read. */
function endless(chunks = Infinity) {
  const state = { bytes: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (state.bytes >= chunks * MIB) return new Promise<void>(() => undefined);
      state.bytes += MIB;
      controller.enqueue(new Uint8Array(MIB));
    },
    cancel: () => void (state.cancelled = true),
  });
  return { stream, state };
}

const answerWhileSending = answeringWhileSending(2);

async function answer(stream: ReadableStream<Uint8Array> | null, declared: number | null, now = (): number => 0) {
  const works: Promise<void>[] = [];
  const response = await answerWhileSending(refusal(), stream, declared, now, (work) => void works.push(work));
  const { status, headers } = response;
  const [text] = await Promise.all([response.text(), ...works]);
  return { status, kept: headers.get("x-kept"), text };
}
const WHOLE = { status: 413, kept: "yes", text: '{"code":"body_too_large"}' };

describe("the answer to a body that is too large", () => {
  it("comes whole after a bounded number of bytes, and the rest is not read", async () => {
    const { stream, state } = endless();
    expect(await answer(stream, null)).toEqual(WHOLE);
    // One chunk may be ahead in the stream.
    expect(state.bytes).toBeLessThanOrEqual(MAX_DISCARDED_BYTES + 2 * MIB);
    expect(state.cancelled).toBe(true);
  });

  it("comes after a bounded time for a sender that goes on slowly, and soon for one that waits", async () => {
    const slow = endless();
    let time = 0;
    expect(await answer(slow.stream, null, () => (time += MAX_DISCARD_MS / 4))).toEqual(WHOLE);
    expect(slow.state.bytes).toBeLessThanOrEqual(6 * MIB);
    const waiting = endless(0);
    expect(await answer(waiting.stream, 8 * MIB)).toEqual(WHOLE);
    expect(waiting.state).toEqual({ bytes: 0, cancelled: true });
  });

  it("reads nothing of a body that is announced beyond the bound", async () => {
    const { stream, state } = endless();
    expect(await answer(stream, MAX_DISCARDED_BYTES + 1)).toEqual(WHOLE);
    expect([state.bytes <= MIB, state.cancelled]).toEqual([true, true]);
  });

  it("is not waited for by more senders at a time than the isolate has room for; the others are cut off", async () => {
    const sending = [endless(3), endless(3), endless(3)];
    const answers = await Promise.all(sending.map(({ stream }) => answer(stream, null)));
    expect(answers).toEqual([WHOLE, WHOLE, WHOLE]);
    // One chunk may be ahead in the stream that nobody reads.
    expect(sending.map(({ state }) => Math.max(MIB, state.bytes))).toEqual([3 * MIB, 3 * MIB, MIB]);
    // Those that have ended give their places back.
    const next = endless(1);
    expect(await answer(next.stream, null)).toEqual(WHOLE);
    expect(next.state).toEqual({ bytes: MIB, cancelled: true });
  });

  it("is just the answer where there is no body left", async () => {
    expect(await answer(null, null)).toEqual(WHOLE);
  });
});
