// The lives that a webhook can have, and what each may cost.

export interface Life {
  readonly name: string;
  readonly destination: Readonly<Record<string, unknown>>;
  /** All arrive before the first is sent. */
  readonly isBurst?: boolean;
  /** Seconds from the first webhook for which the destination responds with 500. `attempt`: to each first attempt. */
  readonly down?: number | "attempt";
}

type LifeName = "first" | "paced" | "burst" | "retried" | "down";

const DAY_SECONDS = 86_400;

export const LIVES: Readonly<Record<LifeName, Life>> = {
  first: { name: "delivered on the first attempt", destination: {} },
  paced: {
    name: "the same, with a pace that is not reached",
    destination: { rate_limit: { limit: 10_000, period_seconds: 1, burst: 10_000 } },
  },
  burst: {
    name: "arrives in a burst, for 40 s of its pace",
    destination: { rate_limit: { limit: 50, period_seconds: 1, burst: 50 } },
    isBurst: true,
  },
  retried: {
    name: "delivered on the second attempt",
    destination: { retry: { schedule_seconds: [600] }, circuit: null },
    down: "attempt",
  },
  down: {
    name: "destination down for a day",
    destination: {},
    down: DAY_SECONDS,
  },
};

export interface Case {
  readonly life: LifeName;
  /** Webhooks in a consumer batch. */
  readonly batch: number;
  readonly bodyBytes: number;
  readonly limits: {
    /** Dollars per million. */
    readonly dollars?: number;
    /** Rows of D1 written per webhook from arrival to removal. */
    readonly rows?: number;
    /** Bytes of D1 per webhook. */
    readonly bytes?: number;
    /** The same while all of them wait. */
    readonly waitingBytes?: number;
  };
}

const SMALL = 1_024;
const LARGE = 8_192;

const given = (life: Case["life"], batch: number, bodyBytes: number, limits: Case["limits"] = {}): Case => ({
  life,
  batch,
  bodyBytes,
  limits,
});

export const CASES: readonly Case[] = [
  given("first", 100, SMALL, { dollars: 1.8, rows: 0.1, bytes: 200 }),
  given("first", 10, SMALL, { dollars: 2.6 }),
  given("first", 1, SMALL, { dollars: 8.5 }),
  given("first", 100, LARGE, { dollars: 1.8, rows: 0.1, bytes: 200 }),
  given("first", 10, LARGE, { dollars: 2.6 }),
  given("first", 1, LARGE, { dollars: 8.5 }),
  given("paced", 100, SMALL, { dollars: 1.8, rows: 0.1, bytes: 200 }),
  given("paced", 10, SMALL),
  given("burst", 100, SMALL),
  given("retried", 100, SMALL, { dollars: 11, waitingBytes: 600 }),
  given("retried", 10, SMALL),
  given("retried", 1, SMALL),
  given("retried", 100, LARGE, { dollars: 11, waitingBytes: 600 }),
  given("down", 100, SMALL, { dollars: 20 }),
  given("down", 100, LARGE, { dollars: 20 }),
];
