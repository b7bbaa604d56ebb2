// `events` and `deliveries`: lists, single records, and new records as they arrive (`--follow`).
import type { Args } from "../arguments.ts";
import { pages, type Client, type Delivery, type Event, type Page } from "../client.ts";
import { jsonLine, jsonText, type Command, type Context } from "../command.ts";
import { EXIT, UsageError } from "../errors.ts";
import { colourOf, printable, table, type Paint, type Row } from "../output.ts";

const DEFAULT_LIMIT = 50;
const PAGE = 200;
const FOLLOW_MS = 2_000;
/** Records may appear later than others with a later time. */
const OVERLAP_MS = 10_000;
const MAX_SEEN = 10_000;

const status = (text: string): Row[number] => ({ text, colour: colourOf(text) });

const eventTable = (events: readonly Event[], paint: Paint): string =>
  table(
    ["EVENT", "RECEIVED", "SOURCE", "METHOD", "PATH", "BYTES", "STATUS"],
    events.map((event) => [
      event.id,
      event.received_at,
      event.source_slug ?? event.source,
      event.method,
      event.path + event.query || "/",
      event.body_bytes,
      status(event.status),
    ]),
    paint,
  );

export const deliveryTable = (deliveries: readonly Delivery[], paint: Paint): string =>
  table(
    ["DELIVERY", "CREATED", "SOURCE", "DESTINATION", "STATUS", "ATTEMPTS", "LAST", "NEXT"],
    deliveries.map((delivery) => [
      delivery.id,
      delivery.created_at,
      delivery.source_slug ?? delivery.source,
      delivery.destination_slug ?? delivery.destination,
      status(delivery.status),
      delivery.attempts_made,
      delivery.last_error ?? delivery.last_response_status,
      delivery.next_attempt_at,
    ]),
    paint,
  );

/** Filters as the user gives them; the API validates them. */
interface Query {
  readonly [name: string]: string | number | undefined;
  readonly limit?: number;
  readonly cursor?: string;
}

interface Listing<T> {
  readonly list: (client: Client) => (query: Query) => Promise<Page<T>>;
  readonly filters: readonly string[];
  readonly table: (rows: readonly T[], paint: Paint) => string;
  readonly timeOf: (row: T) => string;
}

const EVENTS: Listing<Event> = {
  list: (client) => client.events,
  filters: ["source", "status"],
  table: eventTable,
  timeOf: (event) => event.received_at,
};
const DELIVERIES: Listing<Delivery> = {
  list: (client) => client.deliveries,
  filters: ["source", "destination", "event", "status"],
  table: deliveryTable,
  timeOf: (delivery) => delivery.created_at,
};

/** The first `limit` records of a list. */
async function take<T>(list: (query: Query) => Promise<Page<T>>, query: Query, limit: number): Promise<T[]> {
  const out: T[] = [];
  for await (const page of pages(list, { ...query, limit: Math.min(PAGE, limit) })) {
    out.push(...page.slice(0, limit - out.length));
    if (out.length >= limit) break;
  }
  return out;
}

async function list<T extends { readonly id: string }>(
  context: Context,
  args: Args,
  listing: Listing<T>,
): Promise<number> {
  const { io, client, json, say, note } = context;
  const limit = args.count("limit", 1) ?? DEFAULT_LIMIT;
  const named = Object.fromEntries(listing.filters.map((name) => [name, args.text(name)]));
  const query = { ...named, from: args.instant("from", io.now()), to: args.instant("to", io.now()) };
  const fetchPage = listing.list(client);
  if (args.flag("follow")) {
    if (query.to !== undefined) throw new UsageError("--to cannot be used with --follow");
    return follow(context, listing, fetchPage, query);
  }
  const rows = await take(fetchPage, query, limit);
  if (json) say(jsonText({ data: rows }));
  else if (rows.length === 0) note("No records.");
  else say(listing.table(rows, context.paint));
  return EXIT.ok;
}

/** Prints new records, oldest first, until it is stopped. With `--json`, one line each. */
async function follow<T extends { readonly id: string }>(
  { io, json, say, paint }: Context,
  listing: Listing<T>,
  fetchPage: (query: Query) => Promise<Page<T>>,
  query: Query,
): Promise<never> {
  const seen = new Set<string>();
  const start = typeof query["from"] === "string" ? Date.parse(query["from"]) : io.now();
  let latest = start;
  for (let first = true; ;) {
    const since = new Date(Math.max(start, latest - OVERLAP_MS)).toISOString();
    const rows = (await take(fetchPage, { ...query, from: since }, Infinity))
      .filter(({ id }) => !seen.has(id))
      .toReversed();
    for (const row of rows) {
      seen.add(row.id);
      latest = Math.max(latest, Date.parse(listing.timeOf(row)));
    }
    for (const id of [...seen].slice(0, Math.max(0, seen.size - MAX_SEEN))) seen.delete(id);
    if (json) for (const row of rows) say(jsonLine(row));
    else if (rows.length > 0) {
      const [headings, ...lines] = listing.table(rows, paint).split("\n");
      say([...(first ? [headings] : []), ...lines].join("\n"));
      first = false;
    }
    await io.sleep(FOLLOW_MS);
  }
}

function fields(pairs: readonly (readonly [string, unknown])[]): string {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown
    .map(
      ([name, value]) =>
        `${name.padEnd(width)}  ${printable(typeof value === "string" ? value : JSON.stringify(value))}`,
    )
    .join("\n");
}

async function showEvent({ client, json, say, paint, io }: Context, args: Args, id: string): Promise<number> {
  if (args.flag("body")) {
    io.out.write(await client.eventBody(id));
    return EXIT.ok;
  }
  const event = await client.event(id);
  if (json) {
    say(jsonText(event));
    return EXIT.ok;
  }
  const { deliveries, ignored_by, headers, ...rest } = event;
  say(fields(Object.entries(rest)));
  for (const [name, value] of headers ?? []) say(printable(`  ${name}: ${value}`));
  if (deliveries.length > 0) say(`\n${deliveryTable(deliveries, paint)}`);
  for (const ignored of ignored_by)
    say(printable(`ignored by ${ignored.connection ?? "all connections"}: ${ignored.failed_clause ?? ignored.reason}`));
  return EXIT.ok;
}

async function showDelivery({ client, json, say, paint }: Context, id: string): Promise<number> {
  const delivery = await client.delivery(id);
  if (json) {
    say(jsonText(delivery));
    return EXIT.ok;
  }
  const { attempts, ...rest } = delivery;
  say(fields(Object.entries(rest)));
  if (attempts.length > 0)
    say(
      `\n${table(
        ["ATTEMPT", "STARTED", "MS", "STATUS", "ERROR"],
        attempts.map((attempt) => [
          attempt.number,
          attempt.started_at,
          attempt.duration_ms,
          attempt.response_status,
          attempt.error === null ? null : { text: attempt.error, colour: "red" },
        ]),
        paint,
      )}`,
    );
  return EXIT.ok;
}

/** `list` is optional. @returns the id for `get`, otherwise null */
function subject(args: Args, what: string): string | null {
  const [verb = "list", id, more] = args.positionals;
  if (verb === "list" && id === undefined) return null;
  if (verb !== "get") throw new UsageError(`${what} expects list or get ID, not ${verb === "list" ? id : verb}`);
  if (id === undefined || more !== undefined) throw new UsageError(`${what} get expects one ID`);
  return id;
}

const text = { type: "string" } as const;
const RANGE_FLAGS = [
  ["--from, --to", "a time or an age: 2026-01-31T12:00:00Z, 15m, 2h, 7d"],
  ["--limit N", `maximum number of records, newest first (${DEFAULT_LIMIT})`],
  ["--follow", "keep printing new records until stopped"],
] as const;
const RANGE_OPTIONS = { from: text, to: text, limit: text, follow: { type: "boolean", short: "f" } } as const;

export const events: Command = {
  summary: "List events, or show one with its deliveries",
  usage: ["events [list]", "events get ID"],
  flags: [
    ["--source NAME", "only this source, by slug or id"],
    ["--status STATUS", "accepted, in_progress, delivered, dead, ignored or cancelled"],
    ...RANGE_FLAGS,
    ["--body", "with get: write the exact bytes of the body"],
  ],
  options: { source: text, status: text, body: { type: "boolean" }, ...RANGE_OPTIONS },
  run(context, args) {
    const id = subject(args, "events");
    return id === null ? list(context, args, EVENTS) : showEvent(context, args, id);
  },
};

export const deliveries: Command = {
  summary: "List deliveries, or show one with its attempts",
  usage: ["deliveries [list]", "deliveries get ID"],
  flags: [
    ["--status STATUS", "scheduled, pending, deferred, retrying, held, delivered, dead or cancelled"],
    ["--destination, --source NAME", "only this one, by slug or id"],
    ["--event ID", "only this event"],
    ...RANGE_FLAGS,
  ],
  options: { status: text, destination: text, source: text, event: text, ...RANGE_OPTIONS },
  run(context, args) {
    const id = subject(args, "deliveries");
    return id === null ? list(context, args, DELIVERIES) : showDelivery(context, id);
  },
};
