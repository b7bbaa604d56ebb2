// Finds what has changed since the last look: new events and deliveries, and deliveries that have gone on. Bounded, however much happens.
import type { QueryOf } from "../src/api/openapi/client-types.ts";
import { pages, type Client, type Delivery, type Event, type Page } from "./client.ts";
import { Refusal } from "./errors.ts";

/** As the user gives it; the API validates it. */
export interface TailFilter {
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  readonly type?: string | undefined;
  readonly status?: string | undefined;
}

export type Change =
  { readonly kind: "event"; readonly record: Event } | { readonly kind: "delivery"; readonly record: Delivery };

/** Records may appear later than others with a later time. */
const OVERLAP_MS = 10_000;
const PAGE = 200;
/** Of each kind, in one look. */
const MAX_RECORDS = 1_000;
/** Deliveries that are older than the overlap and have not ended, looked at again in one look. */
const MAX_AGAIN = 20;
const MAX_SEEN = 5_000;
const FINAL = new Set(["delivered", "dead", "cancelled"]);

export class Watch {
  readonly #client: Client;
  readonly #filter: TailFilter;
  /** The state in which each record was last reported. */
  readonly #seen = new Map<string, string>();
  /** Deliveries that go on: when they were created. The one looked at longest ago comes first. */
  readonly #open = new Map<string, number>();
  /** Of the look before. Milliseconds since the epoch. */
  #lookedAt: number;
  readonly #start: number;
  /** Whether a look found more than it reports. */
  isBehind = false;

  /** @param start what came in before is not reported. Milliseconds since the epoch */
  constructor(client: Client, filter: TailFilter, start: number) {
    this.#client = client;
    this.#filter = filter;
    this.#start = start;
    this.#lookedAt = start;
  }

  /** What has changed, the oldest first. */
  async look(now: number): Promise<Change[]> {
    const since = Math.max(this.#start, this.#lookedAt - OVERLAP_MS);
    const { destination, ...ofEvents } = this.#filter;
    const from = new Date(since).toISOString();
    this.isBehind = false;
    const events =
      destination === undefined && !isOfDelivery(this.#filter.status)
        ? await this.#take((query) => this.#client.events(query as QueryOf<"GET /events">), { ...ofEvents, from })
        : [];
    const deliveries = isOfEvent(this.#filter.status)
      ? []
      : await this.#take((query) => this.#client.deliveries(query as QueryOf<"GET /deliveries">), {
          ...this.#filter,
          from,
        });
    const again = await this.#again(since);
    this.#lookedAt = now;
    const changes: Change[] = [
      ...events.map((record) => ({ kind: "event", record }) as const),
      ...[...deliveries, ...again].map((record) => ({ kind: "delivery", record }) as const),
    ];
    return changes.filter((change) => this.#isNews(change)).sort((a, b) => timeOf(a).localeCompare(timeOf(b)));
  }

  async #take<T>(
    list: (query: TailFilter & { from: string; limit: number; cursor?: string }) => Promise<Page<T>>,
    query: TailFilter & { from: string },
  ): Promise<T[]> {
    const out: T[] = [];
    for await (const page of pages(list, { ...query, limit: PAGE })) {
      out.push(...page);
      if (out.length < MAX_RECORDS) continue;
      this.isBehind = true;
      break;
    }
    return out;
  }

  /** Those that wait for another attempt are not among the latest any more. */
  async #again(since: number): Promise<Delivery[]> {
    const older = [...this.#open].filter(([, at]) => at < since).slice(0, MAX_AGAIN);
    const found: Delivery[] = [];
    for (const [id, at] of older) {
      this.#open.delete(id);
      this.#open.set(id, at);
      try {
        found.push(await this.#client.delivery(id));
      } catch (error) {
        if (!(error instanceof Refusal) || error.problem.status !== 404) throw error;
        this.#open.delete(id);
      }
    }
    return found;
  }

  #isNews(change: Change): boolean {
    const { record, kind } = change;
    const state = change.kind === "event" ? "" : `${change.record.status} ${change.record.attempts_made}`;
    if (change.kind === "delivery") {
      if (FINAL.has(change.record.status)) this.#open.delete(record.id);
      else bounded(this.#open, record.id, Date.parse(change.record.created_at));
    }
    const key = `${kind} ${record.id}`;
    if (this.#seen.get(key) === state) return false;
    bounded(this.#seen, key, state);
    return true;
  }
}

const EVENT_ONLY = new Set(["accepted", "in_progress", "ignored"]);
const DELIVERY_ONLY = new Set(["scheduled", "pending", "deferred", "retrying", "held"]);
const isOfEvent = (status: string | undefined): boolean => status !== undefined && EVENT_ONLY.has(status);
const isOfDelivery = (status: string | undefined): boolean => status !== undefined && DELIVERY_ONLY.has(status);

const timeOf = (change: Change): string =>
  change.kind === "event"
    ? change.record.received_at
    : // Behind its event, which has the same time.
      `${change.record.finished_at ?? change.record.created_at}~`;

function bounded<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= MAX_SEEN) return;
    map.delete(oldest);
  }
}
