// The calls to a destination's gate: one before the sends, which gives each request a permit or a time to come back at, and one after them.
import { describeError } from "../../telemetry/index.ts";
import {
  limitsOf,
  outageMs,
  type AcquireRequest,
  type AcquireResponse,
  type GateSnapshot,
  type Grant,
  type ReportRequest,
} from "../../gate/index.ts";
import { isTooManySubrequests } from "../../kernel/subrequests.ts";
import { SECOND_MS } from "../../kernel/durations.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { Destination } from "../../model/destination.ts";
import type { DestinationState } from "../../model/destination-state.ts";
import { deferred } from "../outcome/transitions.ts";
import type { DispatchPorts } from "../ports.ts";
import type { RequestGroup } from "../types.ts";
import { GateTimeout } from "./bounded-gate.ts";
import type { RunStats } from "./run-stats.ts";

/** A request that may be sent. */
export interface Permitted {
  readonly group: RequestGroup;
  /** Not before. Milliseconds since the epoch. */
  readonly at: number;
  /** Not after; null for any time. */
  readonly until: number | null;
}

type Terms = Pick<AcquireRequest, "width" | "send_ms" | "horizon_ms" | "delay_ms" | "lease_ms">;

/** On average, for a gate that is away for long. */
const MAX_GATE_WAIT_MS = 120_000;

const isEntitled = (group: RequestGroup): boolean => group.some(({ delivery }) => delivery.slot_at !== null);

/** How long a delivery waits for its gate: at first some seconds, then about half of its age. Milliseconds. @param random from 0 to 1 */
function gateWaitMs({ deferred_by, created_at }: Delivery, now: number, random: number): number {
  const again = deferred_by === "gate_unreachable" ? Math.min(MAX_GATE_WAIT_MS, (now - created_at) / 2) : 0;
  return Math.max(10 * SECOND_MS, again) * (0.5 + random);
}

export class Admission {
  #lease: AcquireResponse["lease"] = null;
  /** Null if the gate has not answered. */
  #snapshot: GateSnapshot | null = null;
  readonly #destination: Destination;
  readonly #ports: DispatchPorts;
  readonly #settle: (waiting: Delivery, lane?: "slow") => void;

  /** @param settle called with each delivery that must wait */
  constructor(destination: Destination, ports: DispatchPorts, settle: (waiting: Delivery, lane?: "slow") => void) {
    this.#destination = destination;
    this.#ports = ports;
    this.#settle = settle;
  }

  /** How many requests may be in flight; null without a limit. */
  get places(): number | null {
    return this.#lease?.width ?? null;
  }

  /** The gate's state when it answered; null if it has not. */
  get snapshot(): GateSnapshot | null {
    return this.#snapshot;
  }

  /** @returns the requests that may be sent, in the order of their times; those that have waited for a slot come first */
  async ask(groups: readonly RequestGroup[], terms: Terms): Promise<Permitted[]> {
    const line = [...groups.filter(isEntitled), ...groups.filter((group) => !isEntitled(group))];
    const entitled = line.filter(isEntitled).length;
    const limits = limitsOf(this.#destination);
    try {
      const request = { limits, entitled, fresh: line.length - entitled, ...terms };
      const response = await this.#ports.gate.acquire(this.#destination.id, request);
      this.#snapshot = response.snapshot;
      this.#lease = response.lease;
      return this.#granted(line, response);
    } catch (error) {
      if (isTooManySubrequests(error)) {
        for (const { delivery } of line.flat())
          this.#settle(deferred(delivery, "subrequests", this.#ports.now(), delivery.slot_at));
        return [];
      }
      // An unreachable gate defers; it never drops and never lets a limit be passed [G7].
      this.#ports.log.error("gate unreachable", { destination: this.#destination.id, error: describeError(error) });
      for (const { delivery } of line.flat()) {
        const until = this.#ports.now() + gateWaitMs(delivery, this.#ports.now(), this.#ports.random());
        // In the slow lane there is time to wait for a gate that answers late.
        const lane = error instanceof GateTimeout ? "slow" : undefined;
        this.#settle(deferred(delivery, "gate_unreachable", until, delivery.slot_at), lane);
      }
      return [];
    }
  }

  /** One more permit of the pace. The send already has its place. */
  async again(terms: Terms): Promise<Grant> {
    const later = { kind: "defer", until: this.#ports.now() + SECOND_MS, by: "pace" } as const;
    const limits = { ...limitsOf(this.#destination), max_concurrency: null };
    try {
      const request = { limits, entitled: 0, fresh: 1, ...terms };
      return (await this.#ports.gate.acquire(this.#destination.id, request)).grants[0] ?? later;
    } catch {
      return later;
    }
  }

  #granted(line: readonly RequestGroup[], { grants, snapshot }: AcquireResponse): Permitted[] {
    const going: Permitted[] = [];
    for (const [index, group] of line.entries()) {
      const grant = grants[index];
      if (grant?.kind === "go") {
        going.push({ group, at: grant.at, until: grant.until });
        continue;
      }
      const until = grant?.until ?? this.#ports.now() + SECOND_MS;
      for (const { delivery } of group) {
        const credit = grant?.by === "circuit" ? outageMs(snapshot.outages, delivery.created_at, until) : 0;
        const slotAt = grant?.parked === true ? null : until;
        this.#settle(deferred(delivery, grant?.by ?? "pace", until, slotAt, credit));
      }
    }
    return going;
  }

  /** Reports the results, if they change anything for the gate. @returns its state, as far as it is known */
  async report(
    before: DestinationState,
    seen: RunStats,
    rest: Pick<ReportRequest, "unused" | "pause_until">,
  ): Promise<GateSnapshot | null> {
    const isNews =
      this.#lease !== null ||
      seen.failures > 0 ||
      seen.throttled > 0 ||
      (this.#snapshot !== null && (before.failures > 0 || before.throttled)) ||
      before.circuit !== "closed";
    if (!isNews || (this.#lease === null && seen.sends === 0)) return this.#snapshot;
    try {
      return await this.#ports.gate.report(this.#destination.id, {
        limits: limitsOf(this.#destination),
        lease_id: this.#lease?.id ?? null,
        ...seen.summary(),
        ...rest,
      });
    } catch (error) {
      // Leases expire by themselves; the next batch reports again.
      this.#ports.log.error("gate report lost", { destination: this.#destination.id, error: describeError(error) });
      return this.#snapshot;
    }
  }
}
