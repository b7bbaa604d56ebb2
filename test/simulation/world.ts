// Everything around the consumers: the traffic that is accepted, the queues, the record, the gates, the destinations, the sweep.
import { MAX_OPEN_REQUESTS } from "../../src/config/limits.ts";
import { SWEEP_BUDGETS_MS, SWEEP_REPEAT_MS } from "../../src/config/record-limits.ts";
import { MINUTE_MS, SECOND_MS } from "../../src/kernel/durations.ts";
import { AnswerTimes, consume, consumeDeadLetters, type LaterLane } from "../../src/delivery/index.ts";
import { makeDeliveryId, eventIdOf, type DeliveryId, type EventId } from "../../src/model/ids.ts";
import type { DestinationState } from "../../src/model/destination-state.ts";
import type { EventMessage } from "../../src/model/message.ts";
import { RouteReader } from "../../src/routing/index.ts";
import {
  sendPending as sendKeys,
  watchParked,
  type ParkedPorts,
  type PendingPorts,
} from "../../src/maintenance/index.ts";
import { laneOfQueue, sendLater, sendPending } from "../../src/worker/queues.ts";
import { bindingsOf, consumerPorts } from "./consumer-ports.ts";
import { createEvent, createSite, type Site } from "./fixtures.ts";
import { Gates } from "./gates.ts";
import { Invocation, Network } from "./invocation.ts";
import { Measure } from "./measure.ts";
import { MemoryRecord } from "./memory-record.ts";
import { PendingObjects } from "./pending-objects.ts";
import { PlatformQueue } from "./platform-queue.ts";
import { readQueueSettings } from "./queue-settings.ts";
import type { Scenario } from "./scenario.ts";
import { randomOf } from "./seeded.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** How long the outbox leaves an event alone before it is sent again, at first. */
const OUTBOX_VISIBILITY_MS = MINUTE_MS;
/** What each of them remembers for itself. */
const ISOLATES = 4;
/** The deployment's default. */
const SWEEP_GRACE_MS = MINUTE_MS;
/** Each queue starts with the consumers that its traffic would need if no answer took longer. Milliseconds. */
const USUAL_ANSWER_MS = 1_000;

export class World {
  readonly startedAt = Date.UTC(2026, 10, 28);
  readonly clock = new VirtualClock(this.startedAt);
  readonly network: Network;
  readonly sites: ReadonlyMap<string, Site>;
  readonly measure: Measure;
  readonly record: MemoryRecord;
  readonly gates: Gates;
  readonly routes: RouteReader;
  readonly queues: ReadonlyMap<string, PlatformQueue>;
  readonly #isolates = Array.from({ length: ISOLATES }, () => new AnswerTimes());
  readonly pending = new PendingObjects();
  readonly #r2Outbox = new Map<EventId, EventMessage>();
  /** In D1. */
  readonly marks = new Map<string, number>();
  #serial = 0;

  constructor(scenario: Scenario) {
    const { clock } = this;
    this.network = new Network(clock, randomOf(scenario.seed), scenario.outages);
    const sites = scenario.destinations.map(createSite);
    this.sites = new Map(sites.map((site) => [site.route.destination.id, site]));
    this.measure = new Measure(sites.map(({ route }) => route.destination));
    this.record = new MemoryRecord(
      new Map(sites.map(({ route, slug }) => [route.destination.id, { ...route, slug }])),
      {
        written: (delivery) => this.measure.written(delivery, clock.now()),
        committed: () => this.measure.committed(),
        laneIs: (destinationId, lane) => this.measure.laneIs(destinationId, lane),
      },
    );
    this.gates = new Gates(new Map(sites.map(({ route, given }) => [route.destination.id, given.gate_ms])));
    this.routes = this.#createRoutes();
    this.queues = this.#createQueues(scenario);
  }

  site(destinationId: string): Site {
    const found = this.sites.get(destinationId);
    if (found === undefined) throw new Error(`there is no destination ${destinationId}`);
    return found;
  }

  siteOf(hostname: string): Site {
    return this.site(`dst_${hostname.replace(/\.test$/, "")}`);
  }

  queue(name: string): PlatformQueue {
    const found = this.queues.get(name);
    if (found === undefined) throw new Error(`there is no queue ${name}`);
    return found;
  }

  /** Those of the isolate that an invocation happens to run in. */
  answerTimes(): AnswerTimes {
    return this.#isolates[Math.floor(this.network.random() * ISOLATES)] ?? new AnswerTimes();
  }

  resumeQueues(): void {
    for (const queue of this.queues.values()) queue.resume();
  }

  /** One webhook as ingest accepts it: into the queue, else into the outbox in D1, else into R2; refused where none takes it. */
  async accept(site: Site): Promise<void> {
    const { clock, network } = this;
    const event = createEvent(site, this.#serial++, clock.now());
    const message: EventMessage = { v: 1, kind: "event", event, source_slug: site.slug, journal: null };
    const accepted = (): void =>
      this.measure.accepted(
        makeDeliveryId(event.id, site.route.connection.id),
        site.route.destination.id,
        event.received_at,
      );
    const resendAt = clock.now() + OUTBOX_VISIBILITY_MS;
    await network
      .call("queue", () => {
        this.queue("events").send(message);
        accepted();
      })
      .catch(() =>
        network.call("d1", () => {
          this.record.outbox.set(event.id, { message: { ...message, journal: "d1" }, resendAt, resends: 0 });
          accepted();
        }),
      )
      .catch(() =>
        network.call("r2", () => {
          this.#r2Outbox.set(event.id, { ...message, journal: "r2" });
          accepted();
        }),
      )
      .catch(() => undefined);
  }

  forgetInR2(ids: readonly EventId[]): void {
    for (const id of ids) this.#r2Outbox.delete(id);
  }

  /** What the sweep does for deliveries: the outbox goes back to the queue, and so does what is overdue. */
  async sweep(): Promise<void> {
    const { clock, network, record } = this;
    await this.#sendPending().catch(() => undefined);
    try {
      await network.call("d1", () => {
        for (const [id, message] of this.#r2Outbox)
          record.outbox.set(id, { message: { ...message, journal: "d1" }, resendAt: 0, resends: 0 });
        this.#r2Outbox.clear();
      });
      for (const row of record.outbox.values()) {
        if (row.resendAt > clock.now()) continue;
        this.queue("events").send(row.message);
        row.resendAt = clock.now() + OUTBOX_VISIBILITY_MS * 2 ** Math.min(row.resends++, 6);
      }
      const isRecorded = await network.call("r2", () => this.pending.list(null).length === 0);
      if (!isRecorded) return;
      const overdue = await network.call("d1", () => record.takeOverdue(clock.now(), SWEEP_GRACE_MS, SWEEP_REPEAT_MS));
      await this.#watchParked();
      const laneOf = (id: string | null): LaterLane =>
        record.states.get(id ?? "")?.lane === "slow" ? "slow" : "deliveries";
      const messages = overdue.map(({ id, destination_id }) => ({ id, lane: laneOf(destination_id), delayMs: 0 }));
      await sendLater(bindingsOf(this, network), messages);
    } catch {
      // The next sweep tries again.
    }
  }

  async #watchParked(): Promise<void> {
    const { clock, network, record, marks } = this;
    const bindings = bindingsOf(this, network);
    const ports: ParkedPorts = {
      parkedDestinations: () => network.call("d1", () => record.parkedDestinations()),
      states: () => network.call("d1", () => new Map(record.states)),
      takeProbe: (id) => network.call("d1", () => record.takeProbe(id, clock.now())),
      slowDestinations: async () => new Set([...record.states.values()].flatMap(slowOf)),
      sendLater: (messages) => sendLater(bindings, messages),
      readMark: async (name) => marks.get(name) ?? null,
      writeMark: async (name, at) => void marks.set(name, at),
      sendReschedule: (message) => network.call("queue", () => this.queue("deliveries").send(message)),
    };
    for await (const _done of watchParked(ports, clock.now()));
  }

  async #sendPending(): Promise<void> {
    const { clock, network, pending } = this;
    const ports: PendingPorts = {
      list: (after) => network.call("r2", () => pending.list(after)),
      send: (keys) => sendPending(bindingsOf(this, network), keys),
      readMark: (name) => network.call("d1", () => this.marks.get(name) ?? null),
      writeMark: (name, at) => network.call("d1", () => void this.marks.set(name, at)),
    };
    const deadline = clock.now() + SWEEP_BUDGETS_MS.pending;
    for await (const _sent of sendKeys(ports, clock.now())) if (clock.now() >= deadline) return;
  }

  /** Deliveries that are neither on record nor carried by anything that leads there, by their ids. */
  hasOwner(): (id: DeliveryId) => boolean {
    const carried = new Set<string>([...this.record.outbox.keys(), ...this.#r2Outbox.keys()]);
    for (const queue of this.queues.values())
      for (const { body } of queue.messages()) {
        const event = (body as Partial<EventMessage>).event;
        if (event !== undefined) carried.add(event.id);
      }
    for (const { firsts } of this.pending.all()) for (const { event } of firsts) carried.add(event.id);
    return (id) => this.record.rows.has(id) || carried.has(eventIdOf(id));
  }

  #createRoutes(): RouteReader {
    const documents = [...this.sites.values()].map(({ document }) => document);
    const bySlug = (slug: string) => documents.find(({ source }) => source.slug === slug) ?? null;
    return new RouteReader(
      {
        readCache: (slug) => this.network.call("kv", () => bySlug(slug)),
        writeCache: async () => undefined,
        writeTombstone: async () => undefined,
        compile: (by) =>
          this.network.call("d1", () =>
            documents.filter(({ source }) => ("ids" in by ? by.ids.includes(source.id) : source.slug === by.slug)),
          ),
        markPublished: async () => new Map(),
        report: () => undefined,
      },
      this.clock.now,
    );
  }

  #createQueues(scenario: Scenario): ReadonlyMap<string, PlatformQueue> {
    const settings = readQueueSettings();
    const queues = new Map<string, PlatformQueue>();
    const isAway = (): boolean => this.network.isAway("queue");
    const consumers = scenario.consumers_at_start ?? usualConsumers(scenario);
    const create = (name: string, deadLetters: PlatformQueue | null): PlatformQueue => {
      const own = settings.get(name);
      if (own === undefined) throw new Error(`wrangler.toml has no consumer of ${name}`);
      const ports = () => consumerPorts(this, new Invocation(this.network));
      const queue = new PlatformQueue(
        own,
        {
          clock: this.clock,
          isAway,
          deadLetters,
          consume: (batch) =>
            deadLetters === null
              ? consumeDeadLetters(batch, name, ports())
              : consume(batch, laneOfQueue(name) as LaterLane, ports()),
        },
        consumers,
      );
      queues.set(name, queue);
      return queue;
    };
    const deadLetters = create("dead-letters", null);
    for (const name of settings.keys()) if (name !== "dead-letters") create(name, deadLetters);
    return queues;
  }
}

const slowOf = ({ destination_id, lane }: DestinationState): string[] => (lane === "slow" ? [destination_id] : []);

/** A destination's requests under way are rate × answer time; each consumer has six. */
const usualConsumers = ({ destinations }: Scenario): number =>
  Math.ceil(
    destinations.reduce(
      (sum, { rate_per_second, answer_ms }) =>
        sum + (rate_per_second * Math.min(answer_ms, USUAL_ANSWER_MS)) / SECOND_MS / MAX_OPEN_REQUESTS,
      0,
    ),
  );
