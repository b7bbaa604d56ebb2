// `tail`: events and deliveries as they happen. A WebSocket says that something has changed; what it is, is read from the API.
import { jsonLine, type Command, type Context } from "../command.ts";
import { outcomeText } from "../../src/model/error-words.ts";
import { DELIVERY_STATUSES, EVENT_STATUSES } from "../../src/model/lifecycle.ts";
import { EXIT, UsageError } from "../errors.ts";
import { colourOf, printable } from "../output.ts";
import { stayConnected } from "../stay-connected.ts";
import { cut } from "../table.ts";
import { Watch, type Change } from "../tail.ts";

/** Between two looks: much may change within a second. */
const LOOK_MS = 1_000;
/** A look without a reason: an event that waits for its first attempt changes nothing. */
const IDLE_LOOK_MS = 10_000;

const clock = (at: string): string => new Date(at).toLocaleTimeString("en-GB");
const day = (at: number): string => new Date(at).toLocaleDateString("en-CA");

/** With its date, unless that is today's. */
const later = (at: string, now: number): string =>
  day(Date.parse(at)) === day(now) ? clock(at) : `${day(Date.parse(at))} ${clock(at)}`;

function lineOf({ io, look, paint }: Context, change: Change): string {
  const room = look.width ?? Infinity;
  if (change.kind === "event") {
    const { received_at, id, source_slug, source, event_type, method, path, query } = change.record;
    const what = [source_slug ?? source, event_type, method, path + query || "/"].filter((part) => part != null);
    return cut(printable([clock(received_at), id, ...what].join("  ")), room);
  }
  const { created_at, finished_at, event_id, destination_slug, destination, status, attempts_made } = change.record;
  const { last_response_status, last_error, next_attempt_at, deferred_by } = change.record;
  const outcome = outcomeText(last_error, last_response_status);
  const rest = [
    ...(outcome === "" ? [] : [outcome]),
    ...(attempts_made > 1 ? [`${attempts_made} attempts`] : []),
    ...(deferred_by === "circuit"
      ? ["until the circuit closes"]
      : next_attempt_at === null
        ? []
        : [`next ${later(next_attempt_at, io.now())}`]),
  ].join("  ");
  const start = `${clock(finished_at ?? created_at)}  ${event_id}  → ${destination_slug ?? destination ?? ""}`;
  const head = cut(printable(start), Math.max(20, room - status.length - rest.length - 4));
  return `${head}  ${paint(status, colourOf(status))}${rest === "" ? "" : `  ${cut(printable(rest), room)}`}`;
}

const STATUSES: readonly string[] = [...new Set([...DELIVERY_STATUSES, ...EVENT_STATUSES])];

export const tail: Command = {
  summary: "Show events and deliveries as they happen",
  options: {
    source: { value: "NAME", help: "only of this source" },
    destination: { value: "NAME", help: "only deliveries to this destination" },
    type: { value: "TYPE", help: "only of events of this type" },
    status: {
      value: "STATUS",
      help: "only events or deliveries with this status",
      choices: STATUSES,
    },
  },
  async run(context, args) {
    const { io, client, json, say, note } = context;
    const filter = Object.fromEntries(
      ["source", "destination", "type", "status"].map((name) => [name, args.text(name)]),
    );
    const { status } = filter;
    if (status !== undefined && !STATUSES.includes(status))
      throw new UsageError(`--status must be one of ${STATUSES.join(", ")}`);
    const watch = new Watch(client, filter, io.now());
    const stop = new AbortController();
    const unwatch = io.watchKeys((key) => {
      if (key === "end" || key === "q") stop.abort();
    });
    const look = async (): Promise<void> => {
      for (const change of await watch.look(io.now()))
        say(json ? jsonLine({ kind: change.kind, ...change.record }) : lineOf(context, change));
      if (watch.isBehind) note("More has happened than can be shown: use a filter.");
    };
    const looks = new OneAtATime(look, () => io.sleep(LOOK_MS, stop.signal));
    try {
      await stayConnected(context, {
        path: "/live",
        stop: stop.signal,
        // What has happened while it was not connected.
        prepare: look,
        opened: () => note("Connected."),
        message: () => looks.ask(),
        check: () => looks.settled(),
        checkMs: IDLE_LOOK_MS,
      });
    } finally {
      unwatch();
    }
    return EXIT.ok;
  },
};

/** Runs one poll at a time, with a pause after each. A call during a poll is answered by the next one. */
class OneAtATime {
  readonly #look: () => Promise<void>;
  readonly #wait: () => Promise<void>;
  #isAsked = false;
  #running: Promise<void> | null = null;

  constructor(look: () => Promise<void>, wait: () => Promise<void>) {
    this.#look = look;
    this.#wait = wait;
  }

  ask(): void {
    this.#isAsked = true;
    // What fails here fails again at the next check, which ends the connection.
    this.#running ??= this.#run().catch(() => undefined);
  }

  /** Looks, and throws if that fails. */
  async settled(): Promise<void> {
    await this.#running;
    await this.#look();
  }

  async #run(): Promise<void> {
    try {
      while (this.#isAsked) {
        this.#isAsked = false;
        await this.#look();
        await this.#wait();
      }
    } finally {
      this.#running = null;
    }
  }
}
