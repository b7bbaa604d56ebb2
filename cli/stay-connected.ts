// Keeps a WebSocket to Sluice open until it is stopped: connects again by itself, ever more slowly, and says when it is not connected.
import type { Context } from "./command.ts";
import { Failure, Refusal } from "./errors.ts";
import type { Socket } from "./socket.ts";

const FIRST_WAIT_MS = 500;
const MOST_WAIT_MS = 30_000;

/** Half of it at least, so that many listeners do not come back at the same instant. @param random from 0 to 1 */
export const backoffMs = (failures: number, random: number): number =>
  Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.5 + random / 2);

export interface Connecting {
  /** Below `/api/v1`. */
  readonly path: string;
  /** Before each connection. May throw. */
  readonly prepare: () => Promise<void>;
  readonly opened: (socket: Socket) => void;
  readonly message: (data: string | Uint8Array, socket: Socket) => void;
  /** Now and then while it is connected. A `Refusal` ends the connection for good. */
  readonly check?: () => Promise<void>;
  readonly checkMs?: number;
  readonly stop: AbortSignal;
}

/** Sluice is away, or too busy: not an answer that it would give again. */
export const isPassing = (error: unknown): error is Failure | Refusal =>
  error instanceof Failure ||
  (error instanceof Refusal && (error.problem.status >= 500 || [408, 429].includes(error.problem.status)));

const MOST_RETRIES = 6;

/** Asks, and asks again while Sluice is away: for half a minute at most. @param until when it asks for the last time */
export async function askPatiently<T>({ io }: Context, ask: () => Promise<T>, until = Infinity): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await ask();
    } catch (error) {
      const leftMs = until - io.now();
      if (!isPassing(error) || failures === MOST_RETRIES || leftMs <= 0) throw error;
      await io.sleep(Math.min(leftMs, backoffMs(failures, io.random())));
    }
  }
}

/** Returns when it is stopped. Throws what would not get better, and what fails before the first connection. */
export async function stayConnected({ io, client }: Context, how: Connecting): Promise<void> {
  const stopped = new Promise<"stopped">((resolve) => {
    how.stop.addEventListener("abort", () => resolve("stopped"), { once: true });
  });
  let wasConnected = false;
  let failures = 0;
  while (!how.stop.aborted) {
    let why: string;
    try {
      if ((await Promise.race([how.prepare(), stopped])) === "stopped") return;
      why = await connectOnce();
    } catch (error) {
      if (!wasConnected || !isPassing(error)) throw error;
      why = error.message;
    }
    if (how.stop.aborted) return;
    const waitMs = backoffMs(failures, io.random());
    failures += 1;
    // Also with --json, which is about standard output.
    io.err.write(`Not connected: ${why}. Trying again in ${(waitMs / 1_000).toFixed(1)} s.\n`);
    await io.sleep(waitMs, how.stop);
  }

  async function connectOnce(): Promise<string> {
    let opened: Socket | null = null;
    /** A message may arrive together with the answer that opens the socket. */
    const early: (string | Uint8Array)[] = [];
    let end: (why: string) => void = () => undefined;
    const closed = new Promise<string>((resolve) => (end = resolve));
    const socket = await client.connect(how.path, {
      message: (data) => void (opened === null ? early.push(data) : how.message(data, opened)),
      closed: end,
    });
    wasConnected = true;
    failures = 0;
    opened = socket;
    how.opened(socket);
    for (const data of early) how.message(data, socket);
    for (;;) {
      const tick = new AbortController();
      const checking = how.check === undefined ? [] : [io.sleep(how.checkMs ?? 60_000, tick.signal).then(() => null)];
      const why = await Promise.race([closed, stopped, ...checking]);
      tick.abort();
      if (why !== null) {
        socket.close();
        return why;
      }
      try {
        await Promise.race([how.check?.(), stopped]);
      } catch (error) {
        socket.close();
        throw error;
      }
    }
  }
}
