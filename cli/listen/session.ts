// What a listener does with the requests that come: each goes to the local server once, and its answer back to Sluice.
import type { Io } from "../io.ts";
import type { Socket } from "../socket.ts";
import type { LocalFailure, LocalResponse, Target } from "./local-server.ts";
import { Assembly, write, type WholeRequest } from "./protocol.ts";

/** One request that has been answered. */
export interface Handled {
  readonly at: number;
  readonly delivery_id: string;
  readonly event_id: string | null;
  readonly attempt: number;
  readonly source: string | null;
  readonly type: string | null;
  readonly method: string;
  readonly target: string;
  readonly status: number | null;
  readonly error: string | null;
  readonly detail: string | null;
  readonly duration_ms: number;
}

interface Answered extends Handled {
  readonly answer: LocalResponse | LocalFailure;
}

/** Answers that are remembered. */
const MOST = 500;

export class Session {
  readonly #io: Pick<Io, "now" | "callServer">;
  readonly #target: Target;
  readonly #handled: (handled: Handled) => void;
  #assembly = new Assembly();
  /** By delivery and attempt. After a reconnect, a request whose answer was lost comes again: the server need not do the work again. */
  readonly #answers = new Map<string, Promise<Answered>>();

  /** @param handled called once for each request that the server was given */
  constructor(io: Pick<Io, "now" | "callServer">, target: Target, handled: (handled: Handled) => void) {
    this.#io = io;
    this.#target = target;
    this.#handled = handled;
  }

  /** For a new connection: what had begun on the former one begins again. */
  begin(): void {
    this.#assembly = new Assembly();
  }

  /** Never throws. */
  async take(data: string | Uint8Array, socket: Socket): Promise<void> {
    const request = this.#assembly.add(data);
    if (request === null) return;
    const { id } = request.head;
    socket.send(write({ type: "received", id }));
    const { answer } = await this.#answerTo(request);
    socket.send(
      "status" in answer
        ? write({
            type: "response",
            id,
            status: answer.status,
            headers: answer.headers,
            body_base64: Buffer.from(answer.body).toString("base64"),
          })
        : write({ type: "failure", id, ...answer }),
    );
  }

  #answerTo(request: WholeRequest): Promise<Answered> {
    const header = headerOf(request);
    const key = `${request.head.delivery_id} ${header("sluice-attempt") ?? ""}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answering = this.#call(request, header);
    this.#answers.set(key, answering);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= MOST) break;
      this.#answers.delete(oldest);
    }
    return answering;
  }

  async #call(request: WholeRequest, header: (name: string) => string | null): Promise<Answered> {
    const at = this.#io.now();
    const answer = await this.#io.callServer(this.#target, request);
    const isResponse = "status" in answer;
    const handled: Handled = {
      at,
      delivery_id: request.head.delivery_id,
      event_id: header("sluice-event-id"),
      attempt: Number(header("sluice-attempt") ?? "1"),
      source: header("sluice-source"),
      type: header("sluice-event-type"),
      method: request.head.method,
      target: request.head.target,
      status: isResponse ? answer.status : null,
      error: isResponse ? null : answer.error,
      detail: isResponse ? null : answer.detail,
      duration_ms: this.#io.now() - at,
    };
    this.#handled(handled);
    return { ...handled, answer };
  }
}

const headerOf =
  ({ head }: WholeRequest) =>
  (name: string): string | null =>
    head.headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? null;
