// The ports of ingest, and its results.
import type { JournalMode } from "../config/env.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Bytes } from "../kernel/bytes.ts";
import type { HeaderList, SluiceEvent } from "../model/event.ts";
import type { EventId } from "../model/ids.ts";
import type { EventMessage } from "../model/message.ts";
import type { RequestCredentials } from "../model/credentials.ts";
import type { Check, InboundHead } from "../model/request-check.ts";
import type { RouteDocument } from "../model/route.ts";
import type { RefusalReason, RejectionSample } from "../model/rejection.ts";
import type { Source } from "../model/source.ts";
import type { BodyBudget } from "./body-budget.ts";
import type { HandshakeAnswer, HandshakeResult } from "./handshakes/handshake.ts";
import type { Bodies } from "./read-body.ts";

export interface BodyCheck extends Check {
  /** A request that fails the check is accepted all the same, marked as not verified. */
  readonly flagOnly: boolean;
}

export type Refusal =
  | { readonly reason: "unknown_source" }
  | { readonly reason: "method_not_allowed"; readonly allowed: readonly string[] }
  | { readonly reason: "head_too_large" }
  | { readonly reason: "loop_detected" }
  | { readonly reason: "body_too_large"; readonly maxBytes: number }
  | { readonly reason: "verification_failed" | "awaiting_secret" }
  | { readonly reason: "rate_limited" | "backpressure"; readonly retryAfterSeconds: number }
  | { readonly reason: "unavailable" };

/** A refused request, as far as it was read. */
export interface Rejection extends Omit<RejectionSample, "body" | "body_encoding"> {
  readonly source: Source | null;
  readonly reason: RefusalReason;
  /** The first bytes of the body; empty where none was read. */
  readonly bodyHead: Bytes;
}

export type Accepted =
  | {
      readonly kind: "event";
      readonly id: EventId;
      readonly type: string | null;
      readonly source: Source;
      readonly duplicate: boolean;
    }
  | { readonly kind: "handshake"; readonly answer: HandshakeAnswer };

/** Every call but `admit`, `eventType`, `maySpill`, `repeats`, `refused` and `report` may throw. */
export interface IngestPorts {
  readonly now: Clock;
  readonly mintId: (now: number) => Promise<EventId>;
  readonly route: (slug: string) => Promise<RouteDocument | null>;
  /** Null if the source may accept a request now, otherwise the reason against it. Never throws. */
  readonly admit: (source: Source) => Promise<Refusal | null>;
  /** Where the credential that this verification checks is in a request. */
  readonly credentials: (verification: Source["verification"]) => RequestCredentials;
  /** Null when the source requires no verification. */
  readonly beginCheck: (head: InboundHead, source: Source, now: number) => Promise<BodyCheck | null>;
  /**
   * @param body null while only the head is known
   * @param verified whether the signature is valid
   */
  readonly handshake: (
    head: InboundHead,
    body: Bytes | null,
    source: Source,
    verified: boolean,
  ) => Promise<HandshakeResult | null>;
  /** @param body null where it was too large to be kept in memory. Never throws. */
  readonly eventType: (source: Source, headers: HeaderList, body: Bytes | null) => string | null;
  readonly bodies: Bodies;
  /** Whatever a source allows: without a bucket a body has to fit into the message. */
  readonly mostBodyBytes: number;
  readonly bodyBudget: BodyBudget;
  readonly send: (message: EventMessage) => Promise<void>;
  /** Whether an event that `send` refused with this error may go to the outbox. Never throws. */
  readonly maySpill: (error: unknown) => boolean;
  readonly journalD1: (message: EventMessage) => Promise<void>;
  readonly journalR2: (message: EventMessage) => Promise<void>;
  readonly journal: JournalMode;
  /** Whether the event is known to be a duplicate. Waits only briefly, because the consumer checks again. Never throws. */
  readonly repeats: (event: SluiceEvent) => Promise<boolean>;
  readonly refused: (rejection: Rejection) => void;
  readonly report: (what: string, error: unknown) => void;
}
