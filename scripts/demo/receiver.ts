// Destinations that are steady, slow, rate limited, flaky or temporarily down, and one that refuses everything. Records what arrives, for the comparison.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export const BEHAVIOURS = ["steady", "slow", "limited", "flaky", "outage"] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

/** What one destination has received. */
export interface Seen {
  attempts: number;
  /** Times of 2xx responses within the last second. Milliseconds since the epoch. */
  takenAt: number[];
  /** Number of 2xx responses, by delivery. */
  readonly delivered: Map<string, number>;
  /** Digest of the received body, by the demo's own id. */
  readonly bodies: Map<string, string>;
}

export const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const OUTAGE_MS = 8_000;
/** What the rate limited destination accepts per second: less than its configured pace. */
const LIMIT_PER_SECOND = 30;

/** The response, or null to close the connection. @param n attempts so far @param lastSecond requests accepted within the last second */
function answer(
  behaviour: Behaviour,
  n: number,
  sinceFirstMs: number,
  lastSecond: number,
): { status: number; delayMs: number; headers?: Record<string, string> } | null {
  switch (behaviour) {
    case "steady":
      return { status: 200, delayMs: 0 };
    case "slow":
      return { status: 200, delayMs: 100 + ((n * 37) % 300) };
    case "limited":
      return lastSecond >= LIMIT_PER_SECOND
        ? { status: 429, delayMs: 0, headers: { "retry-after": "1" } }
        : { status: 200, delayMs: 5 };
    case "flaky":
      return n % 3 === 0 ? { status: 500, delayMs: 5 } : { status: 200, delayMs: 5 };
    case "outage":
      return sinceFirstMs < OUTAGE_MS
        ? n % 2 === 0
          ? null
          : { status: 503, delayMs: 0 }
        : { status: 200, delayMs: 5 };
  }
}

export class Receiver {
  readonly seen = new Map<Behaviour, Seen>(
    BEHAVIOURS.map((name) => [name, { attempts: 0, takenAt: [], delivered: new Map(), bodies: new Map() }]),
  );
  readonly #server: Server;
  #firstAt: number | null = null;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("error", () => response.destroy());
      request.on("end", () => this.#take(request, Buffer.concat(chunks), response));
    });
  }

  /** @returns the origin it listens on */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #take(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    if (request.url?.startsWith("/refusing")) {
      response.writeHead(422, { "content-type": "application/json" }).end('{"error":"no such customer"}');
      return;
    }
    const behaviour = BEHAVIOURS.find((name) => request.url?.startsWith(`/${name}`));
    const seen = behaviour === undefined ? undefined : this.seen.get(behaviour);
    if (behaviour === undefined || seen === undefined) {
      response.writeHead(404).end();
      return;
    }
    this.#firstAt ??= Date.now();
    seen.attempts += 1;
    const now = Date.now();
    seen.takenAt = seen.takenAt.filter((at) => at > now - 1_000);
    const reply = answer(behaviour, seen.attempts, now - this.#firstAt, seen.takenAt.length);
    if (reply === null) {
      request.socket.destroy();
      return;
    }
    const { status, delayMs, headers = {} } = reply;
    if (status === 200) {
      seen.takenAt.push(now);
      const delivery = String(request.headers["sluice-delivery-id"]);
      seen.delivered.set(delivery, (seen.delivered.get(delivery) ?? 0) + 1);
      seen.bodies.set(String(request.headers["x-demo-id"]), digest(body));
    }
    setTimeout(() => response.writeHead(status, headers).end("ok"), delayMs);
  }
}
