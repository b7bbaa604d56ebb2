// One outgoing request, and its result.
import type { ErrorCode } from "../model/delivery.ts";
import type { HeaderList, SluiceEvent } from "../model/event.ts";
import type { Bytes } from "../kernel/bytes.ts";
import type { BrokerDestination } from "../model/destination.ts";
import type { DeliveryId, DestinationId } from "../model/ids.ts";

/** The result of one request or message. Status and headers are null when no response arrived, and for a broker. */
export interface Outcome {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly error: ErrorCode | null;
  /** How long a broker that refuses or throttles wants to be left alone. Milliseconds. */
  readonly pauseMs?: number;
}

/** What a message has besides headers and body. */
export interface OutboundMessage {
  readonly destination: BrokerDestination;
  readonly eventId: string;
  readonly deliveryId: string;
  readonly attempt: number;
  readonly source: string | null;
  readonly eventType: string | null;
  /** When the attempt is made. Milliseconds since the epoch. */
  readonly sentAt: number;
  /** Routing key, stream or topic; empty for a queue. */
  readonly address: string;
  /** Kafka's key, or the message group; null where there is none. */
  readonly key: string | null;
  /** The opened secrets of the destination's `auth`, by field. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface OutboundRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: SluiceEvent["body"] | null;
  readonly bodyBytes: number;
  readonly timeoutMs: number;
  /** The credentials in it, to be removed from everything that is stored. */
  readonly credentials?: readonly string[];
  /** Sends it with a client certificate. */
  readonly fetcher?: typeof fetch;
  /** How many bytes of the response body to return, besides the excerpt. */
  readonly answerBytes?: number;
  /** It has many events, and the body of a 207 says how each one ended. */
  readonly isBatch?: boolean;
  /** It is a message for a broker: the URL is empty. */
  readonly message?: OutboundMessage;
  /** It goes through a listener's socket. Of the URL, only what follows the host counts. */
  readonly listener?: { readonly destinationId: DestinationId; readonly deliveryId: DeliveryId };
}

export interface Answer extends Outcome {
  /** From the start to the end of the excerpt. */
  readonly durationMs: number;
  /** The first bytes as text. Null without a response. */
  readonly excerpt: string | null;
  /** A message about the error, or about the odd body of a success, without secrets. */
  readonly detail?: string | null;
  /** Nothing was sent: R2 could not be read. */
  readonly isBodyUnavailable?: boolean;
  /** No listener is connected, or the one that had the request disconnected before it answered: for how long, in milliseconds; 0 for the latter. */
  readonly withoutListenerMs?: number;
  /** Nothing was sent: the invocation has made as many calls as the account's plan allows. */
  readonly isOverBudget?: boolean;
  /** The first bytes, when the request asks for them. */
  readonly body?: Bytes | null;
}

export type Sender = (request: OutboundRequest) => Promise<Answer>;

/** The way to one broker for the messages of one consumer batch: one connection, opened with the first message. */
export interface Channel {
  /** Never throws; each message is settled on its own. */
  readonly send: Sender;
  /** Connects before the time of the first message, which is given. Never throws; whether it succeeds, the first message says. */
  readonly open: (first: OutboundRequest) => Promise<void>;
  /** Closes the connection. Never throws, and does not wait for a broker that stalls. */
  readonly close: () => Promise<void>;
}

export type OpenChannel = (destination: BrokerDestination) => Channel;

/** Opens a connection and closes it again. False when it cannot be opened. Never throws. */
export type Probe = (hostname: string, port: number) => Promise<boolean>;
