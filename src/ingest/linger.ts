// Answers a sender that is still sending a body that is too large. If the connection were closed now, the sender would see a connection error
// instead of the 413. So status and headers go out at once, the rest of the body is read and dropped within bounds, and then the answer's body follows.
import { DISCARD_IDLE_MS, MAX_DISCARD_MS, MAX_DISCARDED_BYTES } from "../config/limits.ts";
import { LATE, orLate, type Clock } from "../kernel/clock.ts";

export type AnswerWhileSending = (
  response: Response,
  body: ReadableStream<Uint8Array> | null,
  declared: number | null,
  now: Clock,
  background: (work: Promise<void>) => void,
) => Promise<Response>;

/**
 * For one isolate. The parameters of the function that it returns: the body of the request, unread or read in part; its content-length, if it has one
 * (a body beyond the bound is not read at all); and what keeps the work going when the response has been returned.
 * @param maxSenders at a time. The connections of further ones are cut off: reading their bodies would take the memory of other requests
 */
export function answeringWhileSending(maxSenders: number): AnswerWhileSending {
  let senders = 0;
  return async (response, body, declared, now, background) => {
    if (body === null || body.locked) return response;
    if (senders >= maxSenders || (declared !== null && declared > MAX_DISCARDED_BYTES)) {
      await body.cancel().catch(() => undefined);
      return response;
    }
    const reader = body.getReader();
    senders += 1;
    const discarded = discard(reader, now).finally(() => void (senders -= 1));
    const bytes = new Uint8Array(await response.arrayBuffer());
    const { readable, writable } = new FixedLengthStream(bytes.byteLength);
    // Not before, because a proxy that has the whole answer may close the connection that it still sends on.
    background(discarded.then(() => write(bytes, writable)).then(() => reader.cancel().catch(() => undefined)));
    return new Response(readable, response);
  };
}

/** Never throws. */
async function discard(reader: ReadableStreamDefaultReader<Uint8Array>, now: Clock): Promise<void> {
  try {
    const until = now() + MAX_DISCARD_MS;
    for (let bytes = 0; bytes < MAX_DISCARDED_BYTES && now() < until;) {
      const chunk = await orLate(DISCARD_IDLE_MS, reader.read());
      if (chunk === LATE || chunk.done) break;
      bytes += chunk.value.byteLength;
    }
  } catch {
    // The sender is gone.
  }
}

async function write(answer: Uint8Array, out: WritableStream<Uint8Array>): Promise<void> {
  const writer = out.getWriter();
  await writer.write(answer).catch(() => undefined);
  await writer.close().catch(() => undefined);
}
