// Compares what was sent with what arrived and with what Sluice recorded. Pure.
import type { Delivery } from "../../cli/client.ts";
import type { Behaviour, Seen } from "./receiver.ts";

export interface Row {
  readonly destination: Behaviour;
  readonly accepted: number;
  readonly delivered: number;
  readonly attempts: number;
  readonly duplicates: number;
  readonly dead: number;
  readonly exact: number;
}

/** @param sent digest of each body, by the demo's id @param records the API's deliveries of this destination */
export function buildRow(
  destination: Behaviour,
  sent: ReadonlyMap<string, string>,
  seen: Seen,
  records: readonly Delivery[],
): Row {
  return {
    destination,
    accepted: sent.size,
    delivered: records.filter((record) => record.status === "delivered").length,
    attempts: seen.attempts,
    duplicates: [...seen.delivered.values()].reduce((sum, times) => sum + times - 1, 0),
    dead: records.filter((record) => record.status === "dead" || record.status === "cancelled").length,
    exact: [...sent].filter(([id, digest]) => seen.bodies.get(id) === digest).length,
  };
}

/** Whether nothing is lost or dead, every body is unchanged, and the API's records agree. */
export const balances = (row: Row, resent: number): boolean =>
  row.exact === row.accepted &&
  row.dead === 0 &&
  row.delivered >= row.accepted &&
  row.delivered <= row.accepted + resent;

export function table(rows: readonly Row[]): string {
  const columns = ["destination", "accepted", "delivered", "attempts", "duplicates", "dead", "exact"] as const;
  const line = (cells: readonly string[]): string =>
    cells.map((cell, index) => (index === 0 ? cell.padEnd(12) : cell.padStart(11))).join("");
  return [line(columns), ...rows.map((row) => line(columns.map((column) => String(row[column]))))].join("\n");
}
