// Requests that a source refused: why, how many, and what is kept of the latest.
import type { HeaderList } from "./event.ts";
import type { SourceId } from "./ids.ts";

export const REFUSAL_REASONS = [
  "unknown_source",
  "method_not_allowed",
  "head_too_large",
  "loop_detected",
  "body_too_large",
  "verification_failed",
  "rate_limited",
  "backpressure",
  "unavailable",
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Null as a source stands for those that named none there is. */
interface Refused {
  readonly source_id: SourceId | null;
  readonly reason: RefusalReason;
}

export interface RejectionCount extends Refused {
  /** The hour's beginning, milliseconds since the epoch. */
  readonly hour: number;
  readonly count: number;
}

export interface RejectionSample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Tagged; null where the reason says it all. */
  readonly cause: string | null;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: HeaderList;
  readonly ip: string | null;
  /** The first bytes: as text where they are text, else as base64. */
  readonly body: string;
  readonly body_encoding: "utf8" | "base64";
}

export interface RejectionSamples extends Refused {
  /** Newest first. */
  readonly samples: readonly RejectionSample[];
}
