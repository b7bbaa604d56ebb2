// Whether a destination or a source works: judged here and nowhere else, for the API, the pages, the alerts and the command line. Pure.

/** States of a destination, the worst first. */
export const DESTINATION_HEALTH = [
  "circuit_open",
  "failing",
  "circuit_half_open",
  "some_failures",
  "retry_after",
  "slow",
  "reduced_pace",
  "paused",
  "dead_letters",
  "never_used",
  "healthy",
] as const;
export type DestinationHealth = (typeof DESTINATION_HEALTH)[number];

/** States of a source, the worst first. */
export const SOURCE_HEALTH = [
  "refuses_all",
  "awaiting_secret",
  "refuses_some",
  "disabled",
  "never_used",
  "healthy",
] as const;
export type SourceHealth = (typeof SOURCE_HEALTH)[number];

/** How people read them. */
export const HEALTH_WORDS: Readonly<Record<DestinationHealth | SourceHealth, string>> = {
  circuit_open: "circuit open",
  failing: "failing",
  circuit_half_open: "circuit half-open",
  some_failures: "some attempts fail",
  retry_after: "waits (Retry-After)",
  slow: "slow",
  reduced_pace: "reduced pace",
  paused: "paused",
  dead_letters: "dead letters",
  never_used: "never used",
  healthy: "healthy",
  refuses_all: "refuses everything",
  awaiting_secret: "waits for its secret",
  refuses_some: "refuses some",
  disabled: "disabled",
};

/** With a lower share of recent attempts that succeeded a destination is failing, whatever the responses were: a circuit counts no 404. */
const FAILING_BELOW = 0.5;
/** With a lower share it has some failures. */
const STEADY_FROM = 0.95;
/** From this share of refused requests on, a source refuses some: strangers send to every URL once in a while. */
const REFUSES_FROM = 0.05;
/** So many requests of late are enough to judge by; with fewer, the last day counts. */
const ENOUGH_REQUESTS = 5;

export interface RecentAttempts {
  readonly attempts: number;
  readonly failed: number;
}

/** What is known of a destination. */
export interface DestinationSignals {
  readonly paused: boolean;
  readonly circuit: "closed" | "open" | "half_open" | "unknown";
  readonly lane: "normal" | "slow";
  /** The end of a Retry-After. Milliseconds since the epoch. */
  readonly paused_until: number | null;
  /** Null if unknown. */
  readonly consecutive_failures: number | null;
  readonly throttled: boolean | null;
  /** The latest ones of late. */
  readonly recent: RecentAttempts;
  /** Dead letters now. */
  readonly dead: number;
  /** Whether a delivery to it has ever been made. */
  readonly used: boolean;
}

export interface Judgement<State> {
  /** The worst of its states. */
  readonly health: State;
  /** All that hold, the worst first; empty if it is healthy or was never used. */
  readonly health_reasons: readonly State[];
}

const failureState = ({ recent, consecutive_failures }: DestinationSignals): DestinationHealth | null => {
  if (recent.attempts === 0) return (consecutive_failures ?? 0) > 0 ? "failing" : null;
  const succeeded = 1 - recent.failed / recent.attempts;
  return succeeded < FAILING_BELOW ? "failing" : succeeded < STEADY_FROM ? "some_failures" : null;
};

/** A pause is a decision: it comes before what would be said without it. @param now milliseconds since the epoch */
export function judgeDestination(signals: DestinationSignals, now: number): Judgement<DestinationHealth> {
  const { circuit } = signals;
  const holding: (DestinationHealth | null)[] = [
    circuit === "open" ? "circuit_open" : circuit === "half_open" ? "circuit_half_open" : null,
    failureState(signals),
    (signals.paused_until ?? 0) > now ? "retry_after" : null,
    signals.lane === "slow" ? "slow" : null,
    signals.throttled === true ? "reduced_pace" : null,
    signals.paused ? "paused" : null,
    signals.dead > 0 ? "dead_letters" : null,
  ];
  const health_reasons = DESTINATION_HEALTH.filter((state) => holding.includes(state));
  const [worst = signals.used || signals.recent.attempts > 0 ? "healthy" : "never_used"] = health_reasons;
  return { health: signals.paused ? "paused" : worst, health_reasons };
}

export interface Requests {
  readonly accepted: number;
  readonly refused: number;
}

/** What is known of a source. */
export interface SourceSignals {
  readonly enabled: boolean;
  /** It has no secret yet, and refuses every request but Sluice's own. */
  readonly awaitsSecret: boolean;
  readonly recent: Requests;
  readonly lastDay: Requests;
  /** Whether it has ever accepted or refused a request. */
  readonly used: boolean;
}

export function judgeSource(signals: SourceSignals): Judgement<SourceHealth> {
  const { enabled, awaitsSecret, recent, lastDay, used } = signals;
  const enough = recent.accepted + recent.refused >= ENOUGH_REQUESTS;
  const { accepted, refused } = enough ? recent : lastDay;
  const refusing: SourceHealth | null =
    refused === 0
      ? null
      : accepted === 0
        ? "refuses_all"
        : refused / (accepted + refused) >= REFUSES_FROM
          ? "refuses_some"
          : null;
  if (!enabled) return { health: "disabled", health_reasons: ["disabled"] };
  if (awaitsSecret)
    return refused > 0
      ? { health: "refuses_all", health_reasons: ["refuses_all", "awaiting_secret"] }
      : { health: "awaiting_secret", health_reasons: ["awaiting_secret"] };
  if (refusing !== null) return { health: refusing, health_reasons: [refusing] };
  return { health: used || accepted > 0 || refused > 0 ? "healthy" : "never_used", health_reasons: [] };
}

/** Whether it needs attention. What was never used does not. */
export const isTrouble = (health: DestinationHealth | SourceHealth): boolean =>
  health !== "healthy" && health !== "never_used" && health !== "disabled";

/** Whether nothing, or less than half, gets through: what the overview and alerts put first. */
export const isFailing = (health: DestinationHealth | SourceHealth): boolean =>
  health === "circuit_open" || health === "failing" || health === "refuses_all";

interface Ranked {
  readonly health: DestinationHealth | SourceHealth;
  /** How much it had to do of late. */
  readonly load: number;
  readonly slug: string;
}

const RANKS: readonly string[] = [...SOURCE_HEALTH.slice(0, 3), ...DESTINATION_HEALTH.slice(0, -2), "disabled"];
const rankOf = (health: string): number => {
  const rank = RANKS.indexOf(health);
  return rank >= 0 ? rank : health === "healthy" ? RANKS.length : RANKS.length + 1;
};

/** The worst first, then the busiest; what was never used comes last. */
export const byHealth = (a: Ranked, b: Ranked): number =>
  rankOf(a.health) - rankOf(b.health) || b.load - a.load || (a.slug < b.slug ? -1 : 1);
