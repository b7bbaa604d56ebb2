// The Durable Object around a gate's state: loads it, applies one call, writes one row. Objects are evicted when idle, so the state is always
// stored as well.
import { DurableObject } from "cloudflare:workers";
import { systemClock } from "../kernel/clock.ts";
import { randomUuid } from "../kernel/random.ts";
import { acquire } from "./acquire.ts";
import { CollectionStore } from "./collection-store.ts";
import { collect, take, type BatchLimits, type Waiting } from "./collecting.ts";
import type {
  AcquireRequest,
  AcquireResponse,
  GateLimits,
  GateSnapshot,
  ReportRequest,
  RescheduleRequest,
  TakeResponse,
} from "./protocol.ts";
import { report } from "./report.ts";
import { reschedule } from "./reschedule.ts";
import { inspect } from "./snapshot.ts";
import { fromStored, NEW_GATE, type GateState } from "./state.ts";

export class DestinationGate extends DurableObject<Env> {
  #state: GateState;
  readonly #collection: CollectionStore;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    // An INTEGER PRIMARY KEY has no separate index: one row written per call.
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS gate (id INTEGER PRIMARY KEY, state TEXT NOT NULL)");
    const row = [...ctx.storage.sql.exec<{ state: string }>("SELECT state FROM gate WHERE id = 0")][0];
    this.#state = row === undefined ? NEW_GATE : fromStored(JSON.parse(row.state) as Partial<GateState>);
    this.#collection = new CollectionStore(ctx.storage.sql);
  }

  acquire(request: AcquireRequest): AcquireResponse {
    const { state, response } = acquire(this.#state, request, systemClock(), randomUuid());
    this.#keep(state);
    return response;
  }

  report(request: ReportRequest): GateSnapshot {
    const { state, snapshot } = report(this.#state, request, systemClock());
    this.#keep(state);
    return snapshot;
  }

  reschedule(request: RescheduleRequest): readonly (number | null)[] {
    const { state, times } = reschedule(this.#state, request, systemClock());
    this.#keep(state);
    return times;
  }

  inspect(limits: GateLimits): GateSnapshot {
    return inspect(this.#state, limits, systemClock());
  }

  collect(waiting: readonly Waiting[], limits: BatchLimits): readonly number[] {
    const { collection, calls } = collect(this.#collection.read(), waiting, limits, systemClock());
    this.#collection.keep(collection);
    return calls;
  }

  take(limits: BatchLimits): TakeResponse {
    const { collection, ids, calls } = take(this.#collection.read(), limits, systemClock());
    this.#collection.keep(collection);
    return { ids, calls };
  }

  #keep(state: GateState): void {
    const json = JSON.stringify(state);
    if (json === JSON.stringify(this.#state)) return;
    this.ctx.storage.sql.exec(
      "INSERT INTO gate (id, state) VALUES (0, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
      json,
    );
    this.#state = state;
  }
}
