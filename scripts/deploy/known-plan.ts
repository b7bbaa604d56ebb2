// What queues show of an account's Workers plan.

export type Plan = "paid" | "free";

/** Seconds: what the free plan keeps a message for, and nothing else. A new queue of a paid account keeps it for four days. */
export const FREE_RETENTION_SECONDS = 86_400;

export interface FoundQueue {
  readonly name: string;
  readonly id: string | null;
  /** Seconds; null where it does not exist. */
  readonly retention: number | null;
}

/** Null while nothing has shown it. @param given with --plan */
export const knownPlan = (queues: readonly FoundQueue[], given: Plan | null): Plan | null =>
  given ?? (queues.some(({ retention }) => (retention ?? 0) > FREE_RETENTION_SECONDS) ? "paid" : null);
