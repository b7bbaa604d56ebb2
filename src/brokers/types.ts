// What the clients of brokers have in common. Types only.
import type { Bytes } from "../kernel/bytes.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Result } from "../kernel/result.ts";
import type { BrokerOf } from "../model/destination.ts";
import type { ErrorCode } from "../model/delivery.ts";
import type { HeaderList } from "../model/event.ts";
import type { OutboundMessage, Probe, UrlPorts } from "../outbound/index.ts";

export interface BrokerPorts {
  readonly now: Clock;
  readonly urls: UrlPorts;
  readonly fetch: typeof fetch;
  readonly probe: Probe;
  readonly sleep: (ms: number) => Promise<void>;
  readonly endsWithin: (ms: number, work: Promise<unknown>) => Promise<boolean>;
  /** The body in R2 under this key; null when it no longer exists. May throw. */
  readonly readBody: (key: string) => Promise<Bytes | null>;
  /** A queue's producer binding; null when the Worker has none of this name, or it is one of Sluice's own. */
  readonly queue: (binding: string) => Pick<Queue, "sendBatch"> | null;
  /** The base of Cloudflare's API, without a slash at its end. */
  readonly cloudflareApi: string;
}

/** A message with its body. */
export interface Message extends OutboundMessage {
  readonly headers: HeaderList;
  readonly body: Bytes;
}

/** Why a message was not confirmed. */
export interface Fault {
  readonly code: ErrorCode;
  /** What happened, with the broker's own code and words. */
  readonly detail: string;
  /** Nothing was sent: the invocation may make no more calls. */
  readonly isOverBudget?: boolean;
}

/** What the broker said when it confirmed a message, for the attempt's record. */
export type Confirmed = Result<string, Fault>;

/** One connection. */
export interface Link {
  /** Never throws. May hang: the channel has a deadline. */
  readonly publish: (message: Message) => Promise<Confirmed>;
  /** Ends the connection in an orderly way. May throw or hang. */
  readonly close: () => Promise<void>;
  /** Whether it has ended, so that nothing more can be published on it. False where the client connects again by itself. */
  readonly hasEnded?: () => boolean;
  /** Why the broker confirms nothing at the moment; null where it has not said. */
  readonly heldUpBy?: () => Fault | null;
}

/**
 * Opens a connection.
 * @param first the first message, for the secrets
 * @param signal destroys the socket at once, and everything that waits for it
 */
export type Connect<T extends OutboundMessage["destination"]["type"]> = (
  destination: BrokerOf<T>,
  first: Message,
  signal: AbortSignal,
  ports: BrokerPorts,
) => Promise<Result<Link, Fault>>;
