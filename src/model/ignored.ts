// Why a connection made no delivery of an event.
import type { ConnectionId } from "./ids.ts";

export const IGNORED_REASONS = ["disabled", "filter", "no_connection"] as const;

export interface Ignored {
  /** Null where the source has no connection at all. */
  readonly connection: ConnectionId | null;
  readonly reason: (typeof IGNORED_REASONS)[number];
  /** In words, such as `body.type: expected "paid", got "open"`. */
  readonly failed_clause: string | null;
}
