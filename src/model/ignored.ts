// Why a connection did not deliver an event.
import type { ConnectionId } from "./ids.ts";

export const IGNORED_REASONS = ["disabled", "filter", "no_connection"] as const;

export interface Ignored {
  /** Null when the source has no connection. */
  readonly connection: ConnectionId | null;
  readonly reason: (typeof IGNORED_REASONS)[number];
  /** In words, for example `body.type: expected "paid", got "open"`. */
  readonly failed_clause: string | null;
}
