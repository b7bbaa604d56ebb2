// Lists of delivery states as SQL, so that the lifecycle is written down once.
import { FINAL_STATUSES, statusesBefore, WAITING_STATUSES, type DeliveryStatus } from "../model/lifecycle.ts";

export const sqlList = (statuses: readonly DeliveryStatus[]): string =>
  `(${statuses.map((status) => `'${status}'`).join(", ")})`;

export const WAITING = sqlList(WAITING_STATUSES);
export const FINAL = sqlList(FINAL_STATUSES);
/** The states from which a delivery can become due, a dead one by a redrive. */
export const BEFORE_PENDING = sqlList(statusesBefore("pending"));
/** The states from which a delivery can be cancelled, a dead one by discarding it. */
export const BEFORE_CANCELLED = sqlList(statusesBefore("cancelled"));
