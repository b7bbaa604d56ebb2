// Publishes to RabbitMQ (AMQP 0-9-1) with confirmations. A message counts as sent when the broker has confirmed it and has not returned it.
import type { ChannelModel, ConfirmChannel, Message as Returned } from "amqplib";
import { utf8 } from "../kernel/bytes.ts";
import { err, ok } from "../kernel/result.ts";
import type { BrokerOf } from "../model/destination.ts";
import { headerValue } from "../model/event.ts";
import { readBrokerUrl } from "../outbound/index.ts";
import { addressOf } from "./address.ts";
import { connect } from "./amqplib.ts";
import { bareHost, connectionFault, fault, messageOf } from "./faults.ts";
import { headerTable, shortValue } from "./headers.ts";
import { onAbort } from "./on-abort.ts";
import type { Confirmed, Connect, Fault, Link, Message } from "./types.ts";

/** The most that the client can encode of a message's headers. Bytes. */
const MAX_HEADERS = 65_536;
/** What else a frame of headers may have: four short values, and numbers. Bytes. */
const BESIDE_HEADERS = 1_200;

/** How often messages are published again on a new channel, after one of them has made the broker close theirs. */
const MAX_CHANNELS = 4;

export const connectRabbitmq: Connect<"rabbitmq"> = async (destination, first, signal, ports) => {
  const address = await addressOf(destination, ports);
  if (!address.ok) return address;
  const url = readBrokerUrl("rabbitmq", destination.url);
  try {
    const connection = await connect(
      {
        protocol: address.value.secure ? "amqps" : "amqp",
        hostname: bareHost(address.value),
        port: address.value.port,
        username: destination.auth.username,
        password: first.secrets["password"] ?? "",
        vhost: encodeURIComponent((url.ok && url.value.path) || "/"),
        heartbeat: 0,
      },
      // Of the handshake: afterwards the channel's own deadline destroys the socket.
      { timeout: destination.timeout_ms, clientProperties: { connection_name: "sluice" } },
    );
    return ok(new RabbitmqLink(connection, destination, signal));
  } catch (error) {
    return err(replyFault(error) ?? (await connectionFault(error, address.value, ports)));
  }
};

interface OpenChannel {
  readonly channel: ConfirmChannel;
  /** Ids of messages that reached no queue, with the broker's words. They are returned before they are confirmed. */
  readonly returned: Map<string, string>;
  /** Why the broker closed it. */
  closedBy: unknown;
}

class RabbitmqLink implements Link {
  readonly #connection: ChannelModel;
  readonly #destination: BrokerOf<"rabbitmq">;
  #channel: Promise<OpenChannel> | null = null;
  /** Why the connection broke. */
  #brokenBy: unknown;
  #hasEnded = false;
  /** The broker's own limit, once a message has exceeded it. Bytes. */
  #maxBytes = Infinity;
  /** Why the broker reads nothing more at the moment: its memory or disk is full. */
  #blocked: string | null = null;

  constructor(connection: ChannelModel, destination: BrokerOf<"rabbitmq">, signal: AbortSignal) {
    this.#connection = connection;
    this.#destination = destination;
    connection.on("error", (error: unknown) => void (this.#brokenBy ??= error));
    connection.on("close", (error?: unknown) => {
      this.#hasEnded = true;
      this.#brokenBy ??= error;
    });
    connection.on("blocked", (reason: string) => void (this.#blocked = reason));
    connection.on("unblocked", () => void (this.#blocked = null));
    onAbort(signal, () => destroy(connection));
  }

  async publish(message: Message): Promise<Confirmed> {
    const unfit = headersFault(headerTable(message.headers), this.#maxHeaders());
    if (unfit !== null) return err(unfit);
    const held = this.heldUpBy();
    if (held !== null) return err(held);
    let closedBy: unknown;
    for (let channels = 0; channels < MAX_CHANNELS; channels++) {
      if (message.body.byteLength > this.#maxBytes) return this.#tooLarge();
      const opened = (this.#channel ??= this.#openChannel());
      let open: OpenChannel;
      try {
        open = await opened;
      } catch (error) {
        return err(this.#faultOf(error));
      }
      const confirmed = await this.#publishOn(open, message);
      if (confirmed !== "closed") return confirmed;
      closedBy = open.closedBy ?? this.#brokenBy;
      if (this.#channel === opened) this.#channel = null;
      const limit = /larger than (?:configured )?max size (\d+)/i.exec(messageOf(closedBy))?.[1];
      // Another message was too large; the broker may have dropped this one with it.
      if (limit === undefined || this.#brokenBy !== undefined) return err(this.#faultOf(closedBy));
      this.#maxBytes = Math.min(this.#maxBytes, Number(limit));
    }
    return err(this.#faultOf(closedBy));
  }

  async #openChannel(): Promise<OpenChannel> {
    const channel = await this.#connection.createConfirmChannel();
    const open: OpenChannel = { channel, returned: new Map(), closedBy: undefined };
    // Without a listener a closed channel never settles what waits for it.
    channel.on("error", (error: unknown) => void (open.closedBy ??= error));
    channel.on("return", ({ fields, properties }: Returned) => {
      const { replyCode, replyText } = fields as unknown as { replyCode: number; replyText: string };
      open.returned.set(String(properties.messageId), `${replyCode} ${replyText}`);
    });
    return open;
  }

  #publishOn({ channel, returned }: OpenChannel, message: Message): Promise<Confirmed | "closed"> {
    const { exchange, mandatory } = this.#destination;
    return new Promise((resolve) => {
      try {
        channel.publish(
          exchange,
          message.address,
          Buffer.from(message.body),
          properties(message, mandatory),
          (failure: unknown) => {
            const why = returned.get(message.deliveryId);
            if (why !== undefined) resolve(err(fault("unroutable", `The broker returned the message: ${why}`)));
            else if (failure == null) resolve(ok("confirmed"));
            else if (messageOf(failure) === "message nacked")
              resolve(
                err(fault("throttled", "The broker refused the message (nack): a queue is full, or has failed.")),
              );
            else resolve("closed");
          },
        );
      } catch (error) {
        resolve(/channel clos/i.test(messageOf(error)) ? "closed" : err(fault("broker_error", messageOf(error))));
      }
    });
  }

  /** They travel in one frame. */
  #maxHeaders(): number {
    const { frameMax = Infinity } = this.#connection.connection as { readonly frameMax?: number };
    return Math.min(MAX_HEADERS, frameMax - BESIDE_HEADERS);
  }

  #tooLarge(): Confirmed {
    return err(fault("too_large", `The body is larger than the ${this.#maxBytes} bytes that the broker takes.`));
  }

  #faultOf(error: unknown): Fault {
    const cause = this.#brokenBy ?? error;
    return replyFault(cause) ?? fault("reset", `The connection broke before the confirmation: ${messageOf(cause)}`);
  }

  hasEnded(): boolean {
    return this.#hasEnded;
  }

  heldUpBy(): Fault | null {
    if (this.#blocked === null) return null;
    return fault("throttled", `The broker takes no messages at the moment: ${this.#blocked}`);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

function properties(message: Message, mandatory: boolean) {
  const contentType = headerValue(message.headers, "content-type");
  const contentEncoding = headerValue(message.headers, "content-encoding");
  return {
    mandatory,
    persistent: true,
    messageId: message.deliveryId,
    timestamp: Math.floor(message.sentAt / 1000),
    ...(shortValue(contentType) === null ? {} : { contentType: shortValue(contentType) as string }),
    ...(shortValue(contentEncoding) === null ? {} : { contentEncoding: shortValue(contentEncoding) as string }),
    ...(shortValue(message.eventType) === null ? {} : { type: shortValue(message.eventType) as string }),
    headers: headerTable(message.headers),
  };
}

/** Why the headers cannot be sent. A frame that is too large would end the connection for all its messages. */
function headersFault(table: ReturnType<typeof headerTable>, most: number): Fault | null {
  let bytes = 4;
  for (const [name, value] of Object.entries(table)) {
    const length = utf8(name).byteLength;
    if (length > 255) return fault("too_large", `A header's name is longer than 255 bytes.`);
    bytes += 1 + length + 5;
    for (const one of typeof value === "string" ? [value] : value) bytes += 5 + utf8(one).byteLength;
  }
  return bytes > most ? fault("too_large", `The headers are larger than ${most} bytes.`) : null;
}

/** The broker's own reply: `404 (NOT-FOUND) with message "NOT_FOUND - no exchange 'x' in vhost '/'"`. Null where there is none. */
function replyFault(error: unknown): Fault | null {
  const text = messageOf(error);
  // The library leaves out the reason of this refusal.
  if (/Expected ConnectionOpenOk; got <ConnectionClose/.test(text))
    return fault("not_found", "The virtual host does not exist, or the user may not enter it.");
  const code = Number(/\b([345]\d\d) \([A-Z-]+\)/.exec(text)?.[1] ?? NaN);
  if (Number.isNaN(code)) return null;
  switch (code) {
    case 403:
      return fault("auth_failed", text);
    case 404:
      return fault("not_found", text);
    case 311:
      return fault("too_large", text);
    case 406:
      return fault(/message size/i.test(text) ? "too_large" : "broker_error", text);
    case 320:
      return fault("reset", text);
    case 506:
      return fault("throttled", text);
    default:
      return fault("broker_error", text);
  }
}

/** At once, whatever state it is in. */
function destroy(connection: ChannelModel): void {
  const { stream } = connection.connection as unknown as { readonly stream?: { destroy(): void } };
  stream?.destroy();
}
