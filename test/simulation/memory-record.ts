// The record as consumers see it, in memory: claims, conditional writes and the sweep's scans decide as the store's statements do.
import { ALONE_AFTER_INTERRUPTIONS, EARLY_MS } from "../../src/config/limits.ts";
import type { DestinationState } from "../../src/model/destination-state.ts";
import { isHealthy } from "../../src/model/destination-state.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import type { Destination } from "../../src/model/destination.ts";
import type { SluiceEvent } from "../../src/model/event.ts";
import type { DeliveryId, DestinationId, EventId } from "../../src/model/ids.ts";
import { isParked } from "../../src/model/parked.ts";
import { isFinal } from "../../src/model/lifecycle.ts";
import type { EventMessage } from "../../src/model/message.ts";
import type { Route } from "../../src/model/route.ts";
import type { BatchContext, DueDelivery, FirstRecord, NewTime, WaitingPage, Writes } from "../../src/delivery/index.ts";

interface Row {
  delivery: Delivery;
  event: SluiceEvent | null;
  claimedUntil: number | null;
  requeuedUntil: number | null;
  interruptions: number;
}

interface OutboxRow {
  readonly message: EventMessage;
  resendAt: number;
  resends: number;
}

/** Hears of what is written. */
export interface RecordWatch {
  readonly written: (delivery: Delivery) => void;
  readonly committed: () => void;
  readonly laneIs: (destinationId: string, lane: string) => void;
}

export class MemoryRecord {
  readonly rows = new Map<DeliveryId, Row>();
  readonly states = new Map<string, DestinationState>();
  readonly outbox = new Map<EventId, OutboxRow>();
  readonly #events = new Set<EventId>();
  readonly #starts = new Map<string, number>();
  /** Rows that have not ended, so that scans need not look at the others. */
  readonly #open = new Set<Row>();
  readonly #routes: ReadonlyMap<string, Route & { readonly slug: string }>;
  readonly #watch: RecordWatch;

  /** @param routes by destination id */
  constructor(routes: ReadonlyMap<string, Route & { readonly slug: string }>, watch: RecordWatch) {
    this.#routes = routes;
    this.#watch = watch;
  }

  readContext(events: readonly EventId[], sources: readonly string[]): BatchContext {
    return {
      versions: new Map(sources.map((id) => [id, 1])),
      known: new Set(events.filter((id) => this.#events.has(id))),
      states: new Map(this.states),
      isFull: false,
      destinations: new Map(),
      unreadable: new Set(),
    };
  }

  takeDue(ids: readonly DeliveryId[], now: number, holdMs: number, alone = false) {
    const deliveries = [...new Set(ids)].flatMap((id): DueDelivery[] => {
      const row = this.rows.get(id);
      if (row === undefined) return [];
      const { delivery, event } = row;
      const route = this.#routes.get(delivery.destination_id ?? "");
      if (route === undefined) throw new Error(`${id} goes to no destination of this run`);
      const dueBy = delivery.status === "scheduled" ? now : now + EARLY_MS;
      const isDue = delivery.deferred_by === "batch" || (delivery.next_attempt_at ?? Infinity) <= dueBy;
      const interrupted = row.claimedUntil !== null && row.claimedUntil <= now;
      const mayTake = alone || row.interruptions < ALONE_AFTER_INTERRUPTIONS;
      const isTaken = this.#open.has(row) && isDue && isFree(row, now) && mayTake;
      if (isTaken) row.claimedUntil = now + holdMs + route.destination.timeout_ms;
      const claim = isTaken ? row.claimedUntil : null;
      const { interruptions } = row;
      const claimed_until = isTaken || isFree(row, now) ? null : row.claimedUntil;
      return [{ delivery, claim, claimed_until, interrupted, interruptions, event, source_slug: route.slug, ...route }];
    });
    return { deliveries, unreadable: [], states: new Map(this.states) };
  }

  write(writes: Writes, now: number): void {
    for (const first of [...writes.firsts, ...writes.callbacks]) this.#insert(first);
    for (const id of writes.forget) this.outbox.delete(id);
    for (const { delivery, claim, late } of writes.settlements) {
      const row = this.rows.get(delivery.id);
      if (row === undefined || !this.#open.has(row)) continue;
      const isNext = row.delivery.attempts_made === delivery.attempts_made - 1;
      if (row.claimedUntil !== claim && !(late === true && isNext && isFree(row, now))) continue;
      row.claimedUntil = null;
      row.requeuedUntil = null;
      this.#change(row, delivery);
    }
    for (const { id, count } of writes.interrupted) {
      const row = this.rows.get(id as DeliveryId);
      if (row !== undefined) row.interruptions = count;
    }
    for (const id of writes.finished) {
      this.#starts.delete(id);
      const row = this.rows.get(id as DeliveryId);
      if (row !== undefined) row.interruptions = 0;
    }
    for (const state of writes.states) {
      this.#watch.laneIs(state.destination_id, state.lane);
      if (isHealthy(state)) this.states.delete(state.destination_id);
      else this.states.set(state.destination_id, state);
    }
    this.#watch.committed();
  }

  noteStart(id: EventId): number {
    const count = (this.#starts.get(id) ?? 0) + 1;
    this.#starts.set(id, count);
    return count;
  }

  takeOverdue(now: number, graceMs: number, repeatMs: number): Delivery[] {
    const isOverdue = ({ delivery, requeuedUntil }: Row): boolean =>
      (delivery.next_attempt_at ?? Infinity) <= now - graceMs && (requeuedUntil === null || requeuedUntil <= now);
    const overdue = [...this.#open].filter((row) => isOverdue(row) && isFree(row, now));
    for (const row of overdue) row.requeuedUntil = now + repeatMs;
    return overdue.map(({ delivery }) => delivery);
  }

  waitingPage(destination: Destination, from: number, now: number, limit: number): WaitingPage {
    const waiting = [...this.#open]
      .filter((row) => row.delivery.destination_id === destination.id && isFree(row, now))
      .filter(({ delivery }) => delivery.slot_at !== null && (delivery.next_attempt_at ?? 0) >= from)
      .map(({ delivery }) => ({ id: delivery.id, at: delivery.next_attempt_at ?? 0, replay_id: null, bytes: 0 }))
      .sort((a, b) => a.at - b.at)
      .slice(0, limit);
    const last = waiting.length === limit ? waiting.at(-1) : undefined;
    const next = last === undefined ? null : Math.max(last.at, from + 1);
    return { waiting, next, destination, slow: this.states.get(destination.id)?.lane === "slow" };
  }

  parkedDestinations(): DestinationId[] {
    const ids = [...this.#open].flatMap(({ delivery }) => (isParked(delivery) ? [delivery.destination_id] : []));
    return [...new Set(ids)].filter((id) => id !== null);
  }

  parkedPage(destination: Destination, limit: number): WaitingPage {
    const waiting = [...this.#open]
      .filter(({ delivery }) => delivery.destination_id === destination.id && isParked(delivery))
      .slice(0, limit)
      .map(({ delivery }) => ({ id: delivery.id, at: delivery.next_attempt_at ?? 0, replay_id: null, bytes: 0 }));
    return { waiting, next: null, destination, slow: this.states.get(destination.id)?.lane === "slow" };
  }

  takeProbe(destination: DestinationId, now: number): Delivery[] {
    const row = [...this.#open].find(({ delivery }) => delivery.destination_id === destination && isParked(delivery));
    if (row === undefined) return [];
    this.#change(row, { ...row.delivery, status: "pending", next_attempt_at: now, deferred_by: null });
    return [row.delivery];
  }

  moveWaiting(times: readonly NewTime[], now: number): DeliveryId[] {
    return times.flatMap(({ id, was, at }) => {
      const row = this.rows.get(id);
      if (row === undefined || row.delivery.next_attempt_at !== was || !isFree(row, now)) return [];
      row.requeuedUntil = null;
      this.#change(row, { ...row.delivery, next_attempt_at: at, slot_at: at });
      return [id];
    });
  }

  #insert({ event, deliveries }: FirstRecord): void {
    this.#events.add(event.id);
    for (const delivery of deliveries) {
      if (this.rows.has(delivery.id)) continue;
      const row: Row = { delivery, event, claimedUntil: null, requeuedUntil: null, interruptions: 0 };
      this.rows.set(delivery.id, row);
      this.#open.add(row);
      this.#change(row, delivery);
    }
  }

  #change(row: Row, delivery: Delivery): void {
    row.delivery = delivery;
    this.#watch.written(delivery);
    if (!isFinal(delivery.status)) return;
    this.#open.delete(row);
    // Nothing reads them again, and there may be half a million.
    row.event = null;
    row.delivery = { ...delivery, attempts: [] };
  }
}

const isFree = ({ claimedUntil }: Row, now: number): boolean => claimedUntil === null || claimedUntil <= now;
