// The sockets of one destination's listeners. Hands each request to the listener that has the fewest under way, and its answer back to the consumer that
// waits for it. Costs nothing while nothing is delivered: sockets hibernate. Decides nothing about the delivery.
import { DurableObject } from "cloudflare:workers";
import {
  LISTENER_BACK_MS,
  LISTENER_CONFIRM_MS,
  LISTENER_PIECE_BYTES,
  LISTENER_SESSION_MS,
  MAX_LISTENER_MESSAGE_BYTES,
  MAX_LISTENERS,
} from "../config/listener-limits.ts";
import { toBase64 } from "../kernel/bytes.ts";
import { systemClock } from "../kernel/clock.ts";
import { Places } from "../kernel/places.ts";
import { randomBytes } from "../kernel/random.ts";
import { CLOSE_AGAIN, readFromListener, type ListenedRequest, type Order, type Reply } from "./protocol.ts";

interface UnderWay {
  readonly socket: WebSocket;
  readonly end: (reply: Reply) => void;
  /** Resolves when the listener has the whole request. */
  readonly confirm: () => void;
}

interface Attached {
  /** When it connected. Milliseconds since the epoch. */
  readonly since: number;
}

const OPEN = 1;

export class Listeners extends DurableObject<Env> {
  readonly #underWay = new Map<number, UnderWay>();
  /** Bodies from R2 are large, and a socket takes whatever it is given: one at a time. */
  readonly #large = new Places(1);
  /** A late answer to an object that was evicted meanwhile must not be taken for another one's. */
  #last = new DataView(randomBytes(4).buffer).getUint32(0);

  /** Accepts the socket of a listener. The caller has checked its token. */
  override async fetch(): Promise<Response> {
    if (this.#open().length >= MAX_LISTENERS) return new Response(null, { status: 409 });
    const { 0: client, 1: server } = new WebSocketPair();
    server.serializeAttachment({ since: systemClock() } satisfies Attached);
    this.ctx.acceptWebSocket(server);
    await this.ctx.storage.put("absent_since", null);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** How many listeners are connected. */
  connected(): number {
    return this.#open().length;
  }

  /** Hands over one request and waits for its answer. */
  async deliver(order: Order): Promise<Reply> {
    const socket = this.#leastBusy();
    if (socket === null)
      return this.#open().length > 0 ? { kind: "gone" } : { kind: "absent", forMs: await this.#absentForMs() };
    const { promise: ended, resolve: end } = Promise.withResolvers<Reply>();
    const { promise: confirmed, resolve: confirm } = Promise.withResolvers<void>();
    const id = (this.#last = (this.#last + 1) >>> 0);
    this.#underWay.set(id, { socket, end, confirm });
    const late = setTimeout(() => {
      end({ kind: "failure", error: "timeout", detail: "The listener did not answer in time." });
    }, order.timeoutMs);
    try {
      const { body } = order;
      if (body !== null && "key" in body)
        void this.#large.with(() => this.#sendPieces(id, socket, order, body.key, confirmed));
      else {
        this.#send(socket, headOf(id, order));
        this.#expect(socket, confirmed);
      }
      return await ended;
    } finally {
      clearTimeout(late);
      confirm();
      this.#underWay.delete(id);
    }
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    if (typeof message !== "string" || message.length > MAX_LISTENER_MESSAGE_BYTES) return this.#drop(socket, 1009);
    const read = readFromListener(message);
    if (read === null) return this.#drop(socket, 1003);
    const underWay = this.#underWay.get(read.id);
    // An answer that came too late: the consumer has gone on.
    if (underWay?.socket !== socket) return;
    if (read.reply !== "received") underWay.end(read.reply);
    underWay.confirm();
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    this.#drop(socket, 1000);
    if (!this.#open().some((other) => other !== socket)) await this.#absentForMs();
  }

  override webSocketError(socket: WebSocket): Promise<void> {
    return this.webSocketClose(socket);
  }

  #open(): WebSocket[] {
    return this.ctx.getWebSockets().filter(({ readyState }) => readyState === OPEN);
  }

  /** Closes idle sockets that must show their token again. */
  #leastBusy(): WebSocket | null {
    const busy = new Map<WebSocket, number>();
    for (const { socket } of this.#underWay.values()) busy.set(socket, (busy.get(socket) ?? 0) + 1);
    const now = systemClock();
    const young = this.#open().filter((socket) => {
      const { since } = socket.deserializeAttachment() as Attached;
      const isYoung = now - since < LISTENER_SESSION_MS;
      if (!isYoung && !busy.has(socket)) this.#drop(socket, CLOSE_AGAIN);
      return isYoung;
    });
    return young.sort((a, b) => (busy.get(a) ?? 0) - (busy.get(b) ?? 0))[0] ?? null;
  }

  /** From when the last socket closed, or, if the object was restarted without noticing that, from the first call. */
  async #absentForMs(): Promise<number> {
    const now = systemClock();
    const stored = await this.ctx.storage.get<number | null>("absent_since");
    // Where none has ever connected, none is about to come back.
    const since = stored ?? (stored === null ? now : now - LISTENER_BACK_MS);
    if (since !== stored) await this.ctx.storage.put("absent_since", since);
    return now - since;
  }

  /** A machine that sleeps or has lost its network closes nothing: who does not confirm is taken for gone. */
  #expect(socket: WebSocket, confirmed: Promise<void>): void {
    const late = setTimeout(() => {
      this.#drop(socket, CLOSE_AGAIN);
    }, LISTENER_CONFIRM_MS);
    void confirmed.finally(() => clearTimeout(late));
  }

  /** Ends when the listener has them, or the consumer waits no more. */
  async #sendPieces(id: number, socket: WebSocket, order: Order, key: string, confirmed: Promise<void>): Promise<void> {
    const underWay = this.#underWay.get(id);
    if (underWay === undefined) return;
    try {
      const stored = await this.env.BODIES.get(key);
      if (stored === null) return underWay.end({ kind: "body_missing" });
      this.#send(socket, headOf(id, order));
      const reader = stored.body.getReader({ mode: "byob" });
      for (;;) {
        const { done, value } = await reader.readAtLeast(LISTENER_PIECE_BYTES, new Uint8Array(LISTENER_PIECE_BYTES));
        if (value !== undefined && value.byteLength > 0) socket.send(pieceOf(id, value));
        if (done || value === undefined || value.byteLength < LISTENER_PIECE_BYTES) break;
      }
    } catch {
      return underWay.end({ kind: "failure", error: "network", detail: "The body could not be sent to the listener." });
    }
    await confirmed;
  }

  #send(socket: WebSocket, request: ListenedRequest): void {
    try {
      socket.send(JSON.stringify(request));
    } catch {
      this.#drop(socket, 1011);
    }
  }

  #drop(socket: WebSocket, code: number): void {
    for (const underWay of this.#underWay.values()) if (underWay.socket === socket) underWay.end({ kind: "gone" });
    try {
      socket.close(code);
    } catch {
      // Closed already.
    }
  }
}

const headOf = (
  id: number,
  { deliveryId, method, target, headers, body, bodyBytes, timeoutMs }: Order,
): ListenedRequest => ({
  type: "request",
  id,
  delivery_id: deliveryId,
  method,
  target,
  headers,
  body_bytes: bodyBytes,
  body_base64: body !== null && "key" in body ? null : toBase64(body ?? new Uint8Array()),
  timeout_ms: timeoutMs,
});

function pieceOf(id: number, bytes: Uint8Array): Uint8Array {
  const piece = new Uint8Array(4 + bytes.byteLength);
  new DataView(piece.buffer).setUint32(0, id);
  piece.set(bytes, 4);
  return piece;
}
