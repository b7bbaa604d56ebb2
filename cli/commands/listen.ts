// `listen`: events come to a server on this machine as they happen, and its answers are recorded as those of the deliveries.
import { jsonLine, type Command, type Context } from "../command.ts";
import { EXIT, Failure, Refusal, UsageError } from "../errors.ts";
import { findDisabled, prepareDestination, slugFor, type Ready, type Wanted } from "../listen/destination.ts";
import { codeWords } from "../../src/model/error-words.ts";
import { joinPath } from "../listen/local-server.ts";
import { Session, type Handled } from "../listen/session.ts";
import { printable, type Colour } from "../output.ts";
import { stayConnected } from "../stay-connected.ts";
import { cut, sizeOf } from "../table.ts";

/** Requests that a key can replay. */
const LABELS = 10;
const REPLAY_TRIES = 10;
const REPLAY_WAIT_MS = 500;
/** The longest that the command takes to end after Ctrl-C. */
const END_MS = 5_000;
/** With this status a receiver asks for no more. */
const GONE = 410;

const colourOf = ({ status }: Handled): Colour =>
  status === null || status >= 500 ? "red" : status >= 200 && status < 300 ? "green" : "yellow";

const clock = (at: number): string => new Date(at).toLocaleTimeString("en-GB");

/** One line, no longer than the terminal is wide. */
function lineOf({ look, paint }: Context, label: number, path: string, handled: Handled): string {
  const { at, method, target, type, attempt, status, error, detail, duration_ms } = handled;
  const end = status === null ? `${codeWords(error ?? "")}: ${detail ?? ""}` : `${status}  ${duration_ms} ms`;
  const what = [method, type, joinPath(path, target), attempt > 1 ? `attempt ${attempt}` : null];
  const start = `${clock(at)} [${label}] ${what.filter((part) => part !== null).join("  ")}`;
  const room = look.width ?? Infinity;
  // The answer is what the line is for: the path gives way to it.
  const last = cut(printable(end), Math.max(12, room - 24));
  return `${cut(printable(start), Math.max(19, room - sizeOf(last) - 5))}  →  ${paint(last, colourOf(handled))}`;
}

function readFilter(given: string | undefined): Wanted["filter"] {
  if (given === undefined) return null;
  try {
    const filter: unknown = JSON.parse(given);
    if (typeof filter === "object" && filter !== null && !Array.isArray(filter)) return filter as Wanted["filter"];
  } catch {
    // Said below.
  }
  throw new UsageError('--filter must be a JSON object such as {"body": {"type": "invoice.paid"}}');
}

function readPort(given: string): number {
  const port = /^\d{1,5}$/.test(given) ? Number(given) : 0;
  if (port < 1 || port > 65_535) throw new UsageError(`PORT must be a number from 1 to 65535, not ${given}`);
  return port;
}

function readPath(given = ""): string {
  if (given !== "" && !/^\/[\x21-\x22\x24-\x3e\x40-\x7e]*$/.test(given))
    throw new UsageError("--path must begin with a slash, without a query");
  return given;
}

export const listen: Command = {
  summary: "Bring events to a server on this machine, as they happen",
  forms: ["PORT"],
  options: {
    source: { value: "NAME", multiple: true, help: "events of this source only (every source)" },
    path: { value: "PATH", help: "what stands before each request's own path, for example /hooks" },
    filter: { value: "JSON", help: "only events that match, in the grammar of connections' filters" },
    name: { value: "NAME", help: "the destination's slug (made from user, machine and port)" },
    temporary: { help: "delete the destination at the end, with what waits for it" },
  },
  async run(context, args) {
    const { io, client, json, say, note } = context;
    const port = readPort(args.only("PORT"));
    const path = readPath(args.text("path"));
    const slug = args.text("name") ?? slugFor(io.whoAndWhere, port);
    const wanted: Wanted = { slug, sources: args.list("source"), filter: readFilter(args.text("filter")) };
    const recent = new Map<number, Handled>();
    let count = 0;
    const session = new Session(io, { port, path }, (handled) => {
      const label = count++ % LABELS;
      recent.set(label, handled);
      say(json ? jsonLine(handled) : lineOf(context, label, path, handled));
      if (handled.status === GONE)
        note(
          `With ${GONE} your server wants no more: the connection from ${handled.source ?? "the source"} is disabled.`,
        );
    });
    const stop = new AbortController();
    const unwatch = io.watchKeys((key) => {
      if (key === "end" || key === "q") return stop.abort();
      const label = key === "r" ? (count - 1) % LABELS : /^\d$/.test(key) ? Number(key) : null;
      const chosen = label === null ? undefined : recent.get(label);
      if (chosen !== undefined) void replay(context, chosen);
    });
    let ready = null as Ready | null;
    let disabled: readonly string[] = [];
    try {
      await stayConnected(context, {
        path: `/destinations/${slug}/listen`,
        stop: stop.signal,
        prepare: async () => {
          ready = await prepareDestination(client, wanted, ready !== null);
        },
        opened: () => {
          session.begin();
          note(greeting(slug, ready, `http://localhost:${port}${path}`, io.interactive));
        },
        message: (data, socket) => void session.take(data, socket),
        check: async () => {
          const { paused } = await client.call("GET /destinations/{id}", { id: slug });
          if (paused && ready?.paused === false) note(`${slug} is paused: nothing comes until it is resumed.`);
          if (ready !== null) ready = { ...ready, paused };
          const now = await findDisabled(client, slug, ready?.sources ?? []);
          for (const name of now.filter((name) => !disabled.includes(name)))
            note(`The connection ${name} is disabled: no events come over it until you enable it or start again.`);
          disabled = now;
        },
      });
      if (ready !== null) await end(context, slug, args.flag("temporary"));
    } finally {
      unwatch();
    }
    return EXIT.ok;
  },
};

function greeting(slug: string, ready: Ready | null, target: string, hasKeys: boolean): string {
  const { sources = [], paused = false, others = 0 } = ready ?? {};
  return [
    `Connected: ${sources.join(", ")} → ${slug} → ${target}`,
    ...(others > 0 ? [`${others} more on the same destination: each event goes to one of you.`] : []),
    ...(paused ? [`${slug} is paused: nothing comes until it is resumed.`] : []),
    ...(hasKeys ? ["r replays the last request, a digit the one with that number, q ends."] : []),
  ].join("\n");
}

/** Over the connection that the delivery came by, so that no other destination gets it again. */
async function replay({ io, client, note }: Context, { delivery_id: id, event_id: event }: Handled): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const { connection_id: connection } = await client.delivery(id);
      if (event === null || connection === null) return note("It came without a connection, and cannot be replayed.");
      return void (await client.replayEvent(event, connection));
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Failure)) throw error;
      // A request that has just been answered is on record a second or two later.
      const isEarly = error instanceof Refusal && (error.problem.status === 404 || error.problem.status === 409);
      if (!isEarly || tries === REPLAY_TRIES) return note(`Not replayed: ${error.message}`);
    }
    await io.sleep(REPLAY_WAIT_MS);
  }
}

async function end({ io, client, note }: Context, slug: string, temporary: boolean): Promise<void> {
  if (temporary) {
    const late = io.sleep(END_MS).then(() => {
      throw new Failure(`Sluice does not answer: ${slug} is not deleted`);
    });
    await Promise.race([client.send("DELETE /destinations/{id}", { id: slug }), late]);
    return note(`Not connected any more; ${slug} is deleted.`);
  }
  note(`Not connected any more. What comes for ${slug} within the next hour waits for you.`);
}
