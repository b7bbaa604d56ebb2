// One consumer batch's way to one broker. Opens a connection with the first message, settles each message on its own, and destroys the socket
// when a broker stalls: no client library does so by itself. Knows no protocol.
import { BROKER_CLOSE_MS, BROKER_PAUSE_MS, MAX_OPEN_BODIES } from "../config/limits.ts";
import type { Bytes } from "../kernel/bytes.ts";
import { Places } from "../kernel/places.ts";
import { err, type Result } from "../kernel/result.ts";
import type { ErrorCode } from "../model/delivery.ts";
import type { Answer, Channel, OutboundRequest } from "../outbound/index.ts";
import type { BrokerPorts, Confirmed, Fault, Link, Message } from "./types.ts";

interface Opened {
  readonly link: Promise<Result<Link, Fault>>;
  /** Null until the connection is open. */
  live: Link | null;
  readonly stop: AbortController;
  /** Resolves when the connection is given up: whatever is unconfirmed then stays so. */
  readonly givenUp: Promise<Confirmed>;
  readonly giveUp: (fault: Fault) => void;
}

const PAUSES: ReadonlySet<ErrorCode> = new Set(["connect_refused", "throttled"]);

const STALLED: Fault = { code: "timeout", detail: "The broker did not confirm the message in time." };
const BROKEN: Fault = { code: "reset", detail: "The connection broke before the confirmation." };

export function channelOver(
  connect: (first: Message, signal: AbortSignal) => Promise<Result<Link, Fault>>,
  bodies: Places,
  ports: BrokerPorts,
): Channel {
  let current: Opened | null = null;
  let isClosed = false;
  /** How often the broker has let a deadline pass. */
  let stalls = 0;

  const open = (first: Message): Opened => {
    const stop = new AbortController();
    const { promise: givenUp, resolve } = Promise.withResolvers<Confirmed>();
    const giveUp = (fault: Fault): void => {
      if (current === opened) current = null;
      resolve(err(fault));
      stop.abort();
    };
    const link = connect(first, stop.signal).catch((error: unknown) => err(unexpected(error)));
    const opened: Opened = { link, live: null, stop, givenUp, giveUp };
    const settle = async (): Promise<void> => {
      const result = await link;
      if (result.ok) opened.live = result.value;
      // Who comes later tries again.
      else giveUp(result.error);
    };
    void settle();
    return opened;
  };

  const publish = async (message: Message, timeoutMs: number): Promise<Confirmed> => {
    // Whose connection has ended meanwhile needs another one.
    if (current?.live?.hasEnded?.() === true) current.giveUp(BROKEN);
    const opened = (current ??= open(message));
    const confirmed = Promise.race([deliver(opened, message), opened.givenUp]);
    if (!(await ports.endsWithin(timeoutMs, confirmed))) {
      stalls += 1;
      opened.giveUp(opened.live?.heldUpBy?.() ?? STALLED);
    }
    return confirmed;
  };

  return {
    send: async (request) => {
      let started = ports.now();
      const stallsBefore = stalls;
      const end = (result: Confirmed): Answer => ({ ...answerTo(result), durationMs: ports.now() - started });
      if (request.message === undefined) return end(err({ code: "broker_error", detail: "It is not a message." }));
      const { message, headers, bodyBytes } = request;
      const work = async (): Promise<Answer> => {
        // The wait for a place is no fault of the broker. But who has waited while it stalled does not wait for it again.
        started = ports.now();
        if (stalls > stallsBefore) return end(err(STALLED));
        let body: Bytes | null;
        try {
          body = await bytesOf(request, ports);
        } catch {
          return { ...end(err({ code: "network", detail: "R2 cannot be read." })), isBodyUnavailable: true };
        }
        if (body === null) return end(err({ code: "body_missing", detail: "The body is no longer stored." }));
        const left = request.timeoutMs - (ports.now() - started);
        return end(left <= 0 ? err(STALLED) : await publish({ ...message, headers, body }, left));
      };
      // Bodies from R2 are large: a few at a time are in memory.
      return request.body?.kind === "r2" && bodyBytes > 0 ? bodies.with(work) : work();
    },
    open: async ({ message, headers, timeoutMs }) => {
      if (message === undefined || isClosed) return;
      const opened = (current ??= open({ ...message, headers, body: new Uint8Array() }));
      const settled = Promise.race([opened.link, opened.givenUp]);
      if (!(await ports.endsWithin(timeoutMs, settled))) opened.giveUp(STALLED);
    },
    close: async () => {
      const opened = current;
      current = null;
      isClosed = true;
      if (opened === null) return;
      const orderly = opened.link.then((result) => (result.ok ? result.value.close() : undefined));
      await ports.endsWithin(BROKER_CLOSE_MS, orderly);
      opened.giveUp(STALLED);
    },
  };
}

/** For bodies of all channels of an invocation. */
export const bodyPlaces = (): Places => new Places(MAX_OPEN_BODIES);

async function deliver({ link, stop }: Opened, message: Message): Promise<Confirmed> {
  const opened = await link;
  if (!opened.ok) return opened;
  // It has been told so already, and would be there twice.
  if (stop.signal.aborted) return err(STALLED);
  try {
    return await opened.value.publish(message);
  } catch (error) {
    return err(unexpected(error));
  }
}

async function bytesOf({ body }: OutboundRequest, ports: BrokerPorts): Promise<Bytes | null> {
  if (body === null) return new Uint8Array();
  return body.kind === "inline" ? body.bytes : await ports.readBody(body.key);
}

const unexpected = (error: unknown): Fault => ({
  code: "broker_error",
  detail: error instanceof Error ? error.message : "The client of the broker failed.",
});

function answerTo(result: Confirmed): Omit<Answer, "durationMs"> {
  const nothing = { status: null, headers: null };
  if (result.ok) return { ...nothing, error: null, excerpt: result.value };
  const { code, detail, isOverBudget } = result.error;
  return {
    ...nothing,
    error: code,
    excerpt: null,
    detail,
    ...(isOverBudget === true ? { isOverBudget } : {}),
    ...(PAUSES.has(code) ? { pauseMs: BROKER_PAUSE_MS } : {}),
  };
}
