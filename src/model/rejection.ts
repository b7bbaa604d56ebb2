// Requests that a source refused: reasons, counts, and samples of the latest.
import type { HeaderList } from "./event.ts";
import type { SourceId } from "./ids.ts";

export const REFUSAL_REASONS = [
  "unknown_source",
  "method_not_allowed",
  "head_too_large",
  "loop_detected",
  "body_too_large",
  "verification_failed",
  "awaiting_secret",
  "rate_limited",
  "backpressure",
  "unavailable",
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** A null source stands for requests to an unknown source. */
interface Refused {
  readonly source_id: SourceId | null;
  readonly reason: RefusalReason;
}

export interface RejectionCount extends Refused {
  /** Start of the hour. Milliseconds since the epoch. */
  readonly hour: number;
  readonly count: number;
}

export interface RejectionSample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** A tag for more detail; null when the reason is enough. */
  readonly cause: string | null;
  readonly method: string;
  /** As the URL names it, which need not be a source's; cut where it is longer than one; null where there is none. Missing from older samples. */
  readonly slug?: string | null;
  readonly path: string;
  readonly query: string;
  readonly headers: HeaderList;
  readonly ip: string | null;
  /** The first bytes: as text if they are UTF-8, else as base64. */
  readonly body: string;
  readonly body_encoding: "utf8" | "base64";
}

export interface RejectionSamples extends Refused {
  /** Newest first. */
  readonly samples: readonly RejectionSample[];
}
