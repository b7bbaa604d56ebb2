// `events` and `deliveries`: lists, single records, and new records as they arrive (`--follow`).
import type { Args } from "../arguments.ts";
import { pages, type Client, type Delivery, type Event, type Page } from "../client.ts";
import { codeWords, outcomeText } from "../../src/model/error-words.ts";
import { DELIVERY_STATUSES, EVENT_STATUSES } from "../../src/model/lifecycle.ts";
import { jsonLine, jsonText, type Context, type Group } from "../command.ts";
import type { Options } from "../option.ts";
import { EXIT, UsageError } from "../errors.ts";
import { colourOf, fields, printable, statusText } from "../output.ts";
import { isPassing } from "../stay-connected.ts";
import { table, type Look, type Row } from "../table.ts";

const DEFAULT_LIMIT = 50;
const PAGE = 200;
const FOLLOW_MS = 2_000;
/** Records may appear later than others with a later time. */
const OVERLAP_MS = 10_000;
const MAX_SEEN = 10_000;

const status = (code: string): Row[number] => ({ text: statusText(code), colour: colourOf(code) });

const eventTable = (events: readonly Event[], look: Look): string =>
  table(
    [
      { heading: "EVENT" },
      { heading: "RECEIVED" },
      { heading: "SOURCE", least: 10, drop: 2 },
      { heading: "TYPE", least: 12, drop: 1 },
      { heading: "METHOD", drop: 4 },
      { heading: "PATH", least: 12, drop: 3 },
      { heading: "BYTES", drop: 5 },
      { heading: "STATUS" },
    ],
    events.map((event) => [
      event.id,
      { at: event.received_at },
      event.source_slug ?? event.source,
      event.event_type,
      event.method,
      event.path + event.query || "/",
      event.body_bytes,
      status(event.status),
    ]),
    look,
  );

export const deliveryTable = (deliveries: readonly Delivery[], look: Look): string =>
  table(
    [
      { heading: "DELIVERY" },
      { heading: "CREATED", drop: 2 },
      { heading: "SOURCE", least: 10, drop: 7 },
      { heading: "TYPE", least: 12, drop: 4 },
      { heading: "DESTINATION", least: 12, drop: 1 },
      { heading: "STATUS" },
      { heading: "ATTEMPTS", drop: 6 },
      { heading: "LAST", least: 14, drop: 3 },
      { heading: "NEXT", drop: 5 },
    ],
    deliveries.map((delivery) => [
      delivery.id,
      { at: delivery.created_at },
      delivery.source_slug ?? delivery.source,
      delivery.event_type,
      delivery.destination_slug ?? delivery.destination,
      status(delivery.status),
      delivery.attempts_made,
      outcomeText(delivery.last_error, delivery.last_response_status) || null,
      delivery.deferred_by === "circuit" ? "when the circuit closes" : { at: delivery.next_attempt_at },
    ]),
    look,
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
  readonly table: (rows: readonly T[], look: Look) => string;
  readonly timeOf: (row: T) => string;
}

const EVENTS: Listing<Event> = {
  list: (client) => client.events,
  filters: ["source", "type", "status", "search"],
  table: eventTable,
  timeOf: (event) => event.received_at,
};
const DELIVERIES: Listing<Delivery> = {
  list: (client) => client.deliveries,
  filters: ["source", "destination", "connection", "event", "type", "status", "response-status", "error", "cause"],
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
  const named = Object.fromEntries(listing.filters.map((name) => [name.replace("-", "_"), args.text(name)]));
  const query = { ...named, from: args.instant("from", io.now()), to: args.instant("to", io.now()) };
  const fetchPage = listing.list(client);
  if (args.flag("follow")) {
    if (query.to !== undefined) throw new UsageError("--to cannot be used with --follow");
    return follow(context, listing, fetchPage, query);
  }
  const rows = await take(fetchPage, query, limit);
  if (json) say(jsonText({ data: rows }));
  else if (rows.length === 0) note("No records.");
  else say(listing.table(rows, context.look));
  return EXIT.ok;
}

/** Prints new records, oldest first, until it is stopped. With `--json`, one line each. */
async function follow<T extends { readonly id: string }>(
  { io, json, say, note, look }: Context,
  listing: Listing<T>,
  fetchPage: (query: Query) => Promise<Page<T>>,
  query: Query,
): Promise<never> {
  const seen = new Set<string>();
  const start = typeof query["from"] === "string" ? Date.parse(query["from"]) : io.now();
  let latest = start;
  let connected: boolean | null = null;
  for (let first = true; ; await io.sleep(FOLLOW_MS)) {
    const since = new Date(Math.max(start, latest - OVERLAP_MS)).toISOString();
    const found = await take(fetchPage, { ...query, from: since }, Infinity).catch((error: unknown) => {
      if (connected === null || !isPassing(error)) throw error;
      if (connected) note(`Not connected: ${error.message}. Trying again.`);
      return null;
    });
    if (found !== null && connected === false) note("Connected again.");
    connected = found !== null;
    const rows = (found ?? []).filter(({ id }) => !seen.has(id)).toReversed();
    for (const row of rows) {
      seen.add(row.id);
      latest = Math.max(latest, Date.parse(listing.timeOf(row)));
    }
    for (const id of [...seen].slice(0, Math.max(0, seen.size - MAX_SEEN))) seen.delete(id);
    if (json) for (const row of rows) say(jsonLine(row));
    else if (rows.length > 0) {
      const [headings, ...lines] = listing.table(rows, { ...look, now: null }).split("\n");
      say([...(first ? [headings] : []), ...lines].join("\n"));
      first = false;
    }
  }
}

async function showEvent({ client, json, say, look, io }: Context, args: Args, id: string): Promise<number> {
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
  if (deliveries.length > 0) say(`\n${deliveryTable(deliveries, look)}`);
  for (const ignored of ignored_by)
    say(printable(`ignored by ${ignored.connection ?? "all connections"}: ${ignored.failed_clause ?? ignored.reason}`));
  return EXIT.ok;
}

async function showDelivery({ client, json, say, look }: Context, id: string): Promise<number> {
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
        ["ATTEMPT", "STARTED", "MS", "STATUS", "ERROR"].map((heading) => ({ heading })),
        attempts.map((attempt) => [
          attempt.number,
          { at: attempt.started_at },
          attempt.duration_ms,
          attempt.response_status,
          attempt.error === null ? null : { text: codeWords(attempt.error), colour: "red" },
        ]),
        look,
      )}`,
    );
  return EXIT.ok;
}

const AGE = "2026-01-31T12:00:00Z, or an age: 15m, 2h, 7d";
const RANGE = {
  from: { value: "WHEN", help: `at this time or later: ${AGE}` },
  to: { value: "WHEN", help: "before this time or age" },
  limit: { value: "N", help: `maximum number of records, newest first (${DEFAULT_LIMIT})` },
  follow: { short: "f", help: "keep printing new records until stopped" },
} as const satisfies Options;
const SOURCE = { value: "NAME", help: "only of this source, by slug or id" };
const TYPE = { value: "TYPE", help: "only events of this type, for example invoice.paid" };

export const events: Group = {
  summary: "List events, or show one with its deliveries",
  fallback: "list",
  verbs: {
    list: {
      summary: "List events, newest first",
      options: {
        source: SOURCE,
        type: TYPE,
        status: { value: "STATUS", choices: EVENT_STATUSES, help: EVENT_STATUSES.join(", ") },
        search: { value: "TEXT", help: "only with this text in the path, the query, a header or a text body" },
        ...RANGE,
      },
      run: (context, args) => list(context, args, EVENTS),
    },
    get: {
      summary: "Show one with its deliveries",
      forms: ["ID"],
      options: { body: { help: "write the exact bytes of the body" } },
      run: (context, args) => showEvent(context, args, args.only("ID")),
    },
  },
};

export const deliveries: Group = {
  summary: "List deliveries, or show one with its attempts",
  fallback: "list",
  verbs: {
    list: {
      summary: "List deliveries, newest first",
      options: {
        status: { value: "STATUS", choices: DELIVERY_STATUSES, help: DELIVERY_STATUSES.join(", ") },
        destination: { value: "NAME", help: "only to this destination, by slug or id" },
        source: SOURCE,
        connection: { value: "NAME", help: "only over this connection, by slug or id" },
        event: { value: "ID", help: "only of this event" },
        type: TYPE,
        "response-status": { value: "N", help: "only if the latest attempt got this HTTP status" },
        error: { value: "TEXT", help: "only with exactly this last error, for example timeout" },
        cause: { value: "CAUSE", help: "only those that failed for this cause of an issue, for example status_503" },
        ...RANGE,
      },
      run: (context, args) => list(context, args, DELIVERIES),
    },
    get: {
      summary: "Show one with its attempts",
      forms: ["ID"],
      run: (context, args) => showDelivery(context, args.only("ID")),
    },
  },
};
