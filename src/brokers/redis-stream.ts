// Adds messages to a Redis stream. XADD answers with the entry's id.
import { Redis } from "ioredis";
import { err, ok } from "../kernel/result.ts";
import type { BrokerOf } from "../model/destination.ts";
import { headerValue } from "../model/event.ts";
import { readBrokerUrl } from "../outbound/index.ts";
import { addressOf } from "./address.ts";
import { bareHost, connectionFault, fault, messageOf } from "./faults.ts";
import { headerTable } from "./headers.ts";
import { onAbort } from "./on-abort.ts";
import type { Confirmed, Connect, Fault, Link, Message } from "./types.ts";

export const connectRedis: Connect<"redis_stream"> = async (destination, first, signal, ports) => {
  const address = await addressOf(destination, ports);
  if (!address.ok) return address;
  const url = readBrokerUrl("redis_stream", destination.url);
  const { auth } = destination;
  const client = new Redis({
    host: bareHost(address.value),
    port: address.value.port,
    ...(address.value.secure ? { tls: {} } : {}),
    ...(auth.type === "basic" ? { password: first.secrets["password"] ?? "" } : {}),
    ...(auth.type === "basic" && auth.username !== undefined ? { username: auth.username } : {}),
    connectTimeout: destination.timeout_ms,
    lazyConnect: true,
    protocol: 2,
    disableClientInfo: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    // A command that is sent again could be there twice: Sluice retries by its own policy.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => null,
  });
  let last: unknown;
  // It says "Connection is closed" whatever has happened; the reason comes by this event.
  client.on("error", (error: unknown) => void (last ??= error));
  const destroy = (): void => client.disconnect();
  onAbort(signal, destroy);
  try {
    // Looking up the address has taken all the time.
    if (signal.aborted) throw new Error("The connection was given up.");
    await client.connect();
    // The library ignores it when the server refuses a database.
    const database = Number((url.ok && url.value.path) || "0");
    if (database > 0) await client.select(database);
  } catch (error) {
    destroy();
    const cause = replyFault(error) === null ? (last ?? error) : error;
    return err(replyFault(cause) ?? (await connectionFault(cause, address.value, ports)));
  }
  return ok(new RedisLink(client, destination, () => last));
};

class RedisLink implements Link {
  readonly #client: Redis;
  readonly #destination: BrokerOf<"redis_stream">;
  readonly #brokenBy: () => unknown;

  constructor(client: Redis, destination: BrokerOf<"redis_stream">, brokenBy: () => unknown) {
    this.#client = client;
    this.#destination = destination;
    this.#brokenBy = brokenBy;
  }

  async publish(message: Message): Promise<Confirmed> {
    const { max_length } = this.#destination;
    const trimming = max_length === null ? [] : ["MAXLEN", "~", String(max_length)];
    try {
      const id = await this.#client.call("XADD", message.address, ...trimming, "*", ...fields(message));
      return ok(String(id));
    } catch (error) {
      const cause = replyFault(error) === null ? (this.#brokenBy() ?? error) : error;
      return err(
        replyFault(cause) ?? fault("reset", `The connection broke before the confirmation: ${messageOf(cause)}`),
      );
    }
  }

  hasEnded(): boolean {
    return this.#client.status !== "ready";
  }

  async close(): Promise<void> {
    await this.#client.quit();
  }
}

const fields = (message: Message): (string | Buffer)[] => [
  "body",
  Buffer.from(message.body),
  "content_type",
  headerValue(message.headers, "content-type") ?? "",
  "event_id",
  message.eventId,
  "delivery_id",
  message.deliveryId,
  "attempt",
  String(message.attempt),
  "source",
  message.source ?? "",
  "headers",
  JSON.stringify(headerTable(message.headers)),
];

/** The server's own answer, which begins with a word in capitals. Null where there is none. */
function replyFault(error: unknown): Fault | null {
  const text = messageOf(error);
  const code = /^-?([A-Z]{2,}) /.exec(text)?.[1];
  if (code === undefined || !(error instanceof Error) || error.name !== "ReplyError") return null;
  switch (code) {
    case "WRONGPASS":
    case "NOAUTH":
    case "NOPERM":
      return fault("auth_failed", text);
    case "WRONGTYPE":
      return fault("not_found", text);
    case "OOM":
    case "LOADING":
    case "BUSY":
    case "TRYAGAIN":
    case "MASTERDOWN":
    case "CLUSTERDOWN":
      return fault("throttled", text);
    default:
      return fault(authFailed(text) ? "auth_failed" : /DB index/i.test(text) ? "not_found" : "broker_error", text);
  }
}

/** Servers before version 6 answer a wrong password with ERR, and those without one refuse long commands before they ask for it. */
const authFailed = (text: string): boolean => /invalid password|\bAUTH\b|unauthenticated/.test(text);
