// Lists of delivery states and reasons as SQL, so that the lifecycle is written down once.
import {
  FINAL_STATUSES,
  GATE_REASONS,
  statusesBefore,
  WAITING_STATUSES,
  type DeferralReason,
  type DeliveryStatus,
} from "../model/lifecycle.ts";

export const sqlList = (names: readonly (DeliveryStatus | DeferralReason)[]): string =>
  `(${names.map((name) => `'${name}'`).join(", ")})`;

export const WAITING = sqlList(WAITING_STATUSES);
export const FINAL = sqlList(FINAL_STATUSES);
/** The states from which a delivery can become due, a dead one by a redrive. */
export const BEFORE_PENDING = sqlList(statusesBefore("pending"));
/** The states from which a delivery can be cancelled, a dead one by discarding it. */
export const BEFORE_CANCELLED = sqlList(statusesBefore("cancelled"));
/** Reasons of deferrals whose time the gate has given. */
export const BY_GATE = sqlList(GATE_REASONS);
