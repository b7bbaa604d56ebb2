// Asks a destination's gate who in line may go, and when: in portions, so that no permit of its pace is taken that runs out unused.
import { SECOND_MS } from "../../kernel/durations.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { Destination } from "../../model/destination.ts";
import type { Permitted } from "./shared-connections.ts";
import { deferred } from "../outcome/transitions.ts";
import type { RequestGroup } from "../types.ts";
import type { RunContext } from "../ports.ts";
import {
  paceOf,
  outageMs,
  limitsOf,
  type AcquireResponse,
  type GateLimits,
  type GateSnapshot,
  type Grant,
} from "../../gate/index.ts";
import { describeError } from "../../telemetry/index.ts";

const isEntitled = (group: RequestGroup): boolean => group.some(({ delivery }) => delivery.slot_at !== null);

export class Admission {
  readonly destination: Destination;
  readonly context: RunContext;
  readonly settle: (waiting: Delivery) => void;
  /** Those that the gate has not been asked for yet: first who has waited for a slot. */
  #line: RequestGroup[] = [];
  #gated = true;
  #lease: AcquireResponse["lease"] = null;
  #snapshot: GateSnapshot | null = null;
  #permits = 0;
  #putOff = false;

  /** @param settle takes each delivery that must wait */
  constructor(destination: Destination, context: RunContext, settle: (waiting: Delivery) => void) {
    this.destination = destination;
    this.context = context;
    this.settle = settle;
  }

  /** @param gated whether there is anything to ask the gate for */
  lineUp(groups: readonly RequestGroup[], gated: boolean): void {
    this.#line = [...groups.filter(isEntitled), ...groups.filter((group) => !isEntitled(group))];
    this.#gated = gated;
  }

  /** Places for requests at a time, where the destination limits them. */
  get lease(): AcquireResponse["lease"] {
    return this.#lease;
  }

  /** Null where the gate has not answered. */
  get snapshot(): GateSnapshot | null {
    return this.#snapshot;
  }

  /** How many it has let go. */
  get permits(): number {
    return this.#permits;
  }

  /** Those that it was never asked for. */
  get line(): readonly RequestGroup[] {
    return this.#line;
  }

  /** The next that may go; none when all have been asked for. @param meanMs what a send took so far; null before the first */
  async next(width: number, meanMs: number | null): Promise<Permitted<RequestGroup>[]> {
    const going: Permitted<RequestGroup>[] = this.#gated
      ? []
      : this.#line.splice(0).map((item) => ({ item, at: 0, until: null }));
    while (this.#line.length > 0 && (going.length === 0 || this.#putOff))
      going.push(...(await this.#acquire(this.#line.splice(0, this.#portion(width, meanMs)))));
    this.#permits += going.length;
    return going;
  }

  /** One more permit of the pace: this send has its place already. */
  async again(): Promise<Grant> {
    const { ports, horizonMs, holdMs } = this.context;
    const later = { kind: "defer", until: ports.now() + SECOND_MS, by: "pace" } as const;
    const request = { limits: this.#paceOnly(), entitled: 0, fresh: 1, horizon_ms: horizonMs, lease_ms: holdMs };
    return ports.gate.acquire(this.destination.id, request).then(
      (response) => response.grants[0] ?? later,
      () => later,
    );
  }

  /** As many as can be sent while a permit lasts: one that comes too late for its permit has used up the pace for nothing. */
  #portion(width: number, meanMs: number | null): number {
    const { rate_limit } = this.destination;
    const { lane } = this.context;
    // What has been put off needs its slot, and in the other lanes nobody must wait for rounds.
    if (rate_limit === null || this.#putOff || lane === "events" || lane === "deliveries") return this.#line.length;
    return meanMs === null
      ? 2 * width
      : Math.max(width, Math.floor((width * paceOf(rate_limit).slackMs) / (meanMs + 1)));
  }

  #paceOnly(): GateLimits {
    return { ...limitsOf(this.destination), max_concurrency: null };
  }

  async #acquire(asked: readonly RequestGroup[]): Promise<Permitted<RequestGroup>[]> {
    const { ports, horizonMs, holdMs } = this.context;
    let response: AcquireResponse;
    try {
      response = await ports.gate.acquire(this.destination.id, {
        // Its places are held already.
        limits: this.#lease === null ? limitsOf(this.destination) : this.#paceOnly(),
        entitled: asked.filter(isEntitled).length,
        fresh: asked.filter((group) => !isEntitled(group)).length,
        horizon_ms: horizonMs,
        lease_ms: holdMs + this.destination.timeout_ms,
      });
    } catch (error) {
      // An unreachable gate defers; it never drops and never lets a limit be passed [G7].
      ports.log.error("gate unreachable", { destination: this.destination.id, error: describeError(error) });
      this.#putOff = true;
      for (const { delivery } of asked.flat()) {
        const until = ports.now() + (5 + 10 * ports.random()) * SECOND_MS;
        this.settle(deferred(delivery, "gate_unreachable", until, delivery.slot_at));
      }
      return [];
    }
    this.#snapshot = response.snapshot;
    this.#lease ??= response.lease;
    this.#putOff ||= response.grants.some(({ kind }) => kind === "defer");
    return this.#granted(asked, response);
  }

  /** Who goes; the others wait until the gate's time for them. */
  #granted(asked: readonly RequestGroup[], { grants, snapshot }: AcquireResponse): Permitted<RequestGroup>[] {
    const going: Permitted<RequestGroup>[] = [];
    for (const [index, parcel] of asked.entries()) {
      const grant = grants[index];
      if (grant?.kind === "go") {
        going.push({ item: parcel, at: grant.at, until: grant.until });
        continue;
      }
      const until = grant?.until ?? this.context.ports.now() + SECOND_MS;
      for (const { delivery } of parcel) {
        const credit = grant?.by === "circuit" ? outageMs(snapshot.outages, delivery.created_at, until) : 0;
        this.settle(deferred(delivery, grant?.by ?? "pace", until, until, credit));
      }
    }
    return going;
  }
}
