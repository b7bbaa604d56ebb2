// What ingest needs of the world, and what it says of the requests that it takes or refuses.
import type { JournalMode } from "../config/env.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Bytes } from "../kernel/bytes.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { EventId } from "../model/ids.ts";
import type { EventMessage } from "../model/message.ts";
import type { RequestCredentials } from "../model/credentials.ts";
import type { Check, InboundHead } from "../model/request-check.ts";
import type { RouteDocument } from "../model/route.ts";
import type { RefusalReason, RejectionSample } from "../model/rejection.ts";
import type { Source } from "../model/source.ts";
import type { BodyBudget } from "./body-budget.ts";
import type { Bodies } from "./read-body.ts";

export interface BodyCheck extends Check {
  /** A request that fails is kept, marked as not verified. */
  readonly flagOnly: boolean;
}

/** What a provider demands for an answer while it sets up its webhook. */
interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export type Handshake =
  | { readonly kind: "answer"; readonly answer: HandshakeAnswer }
  /** A handshake, but not from whom it should be. */
  | { readonly kind: "refuse"; readonly cause: string };

export type Refusal =
  | { readonly reason: "unknown_source" }
  | { readonly reason: "method_not_allowed"; readonly allowed: readonly string[] }
  | { readonly reason: "head_too_large" }
  | { readonly reason: "loop_detected" }
  | { readonly reason: "body_too_large"; readonly maxBytes: number }
  | { readonly reason: "verification_failed" }
  | { readonly reason: "rate_limited" | "backpressure"; readonly retryAfterSeconds: number }
  | { readonly reason: "unavailable" };

/** A request that was refused, as far as it was read. */
export interface Rejection extends Omit<RejectionSample, "body" | "body_encoding"> {
  readonly source: Source | null;
  readonly reason: RefusalReason;
  /** The first bytes of the body; empty where none was read. */
  readonly bodyHead: Bytes;
}

export type Accepted =
  | { readonly kind: "event"; readonly id: EventId; readonly source: Source; readonly duplicate: boolean }
  /** No event. */
  | { readonly kind: "handshake"; readonly answer: HandshakeAnswer };

/** Every call but `admit`, `maySpill`, `repeats`, `refused` and `report` may throw. */
export interface IngestPorts {
  readonly now: Clock;
  readonly mintId: (now: number) => Promise<EventId>;
  readonly route: (slug: string) => Promise<RouteDocument | null>;
  /** Whether the source may take a request now: null, or why not. Never throws. */
  readonly admit: (source: Source) => Promise<Refusal | null>;
  /** Where a request has the credential that this verification checks. */
  readonly credentials: (verification: Source["verification"]) => RequestCredentials;
  /** Null where the source demands no verification. */
  readonly beginCheck: (head: InboundHead, source: Source, now: number) => Promise<BodyCheck | null>;
  /**
   * @param body null while only the head is known
   * @param verified whether the check of the signature has succeeded
   */
  readonly handshake: (
    head: InboundHead,
    body: Bytes | null,
    source: Source,
    verified: boolean,
  ) => Promise<Handshake | null>;
  readonly bodies: Bodies;
  readonly bodyBudget: BodyBudget;
  readonly send: (message: EventMessage) => Promise<void>;
  /** Whether an event that `send` has refused with this error may go to the outbox. Never throws. */
  readonly maySpill: (error: unknown) => boolean;
  readonly journalD1: (message: EventMessage) => Promise<void>;
  readonly journalR2: (message: EventMessage) => Promise<void>;
  readonly journal: JournalMode;
  /** Whether the event is known to repeat another one. Does not wait long: the consumer asks again. Never throws. */
  readonly repeats: (event: SluiceEvent) => Promise<boolean>;
  readonly refused: (rejection: Rejection) => void;
  readonly report: (what: string, error: unknown) => void;
}
