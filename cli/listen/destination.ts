// The destination that `listen` makes for itself, and its connections: created, or set to what the command was asked for.
import { isDeepStrictEqual } from "node:util";
import { pages, type Client } from "../client.ts";
import { Failure, Refusal } from "../errors.ts";

export interface Wanted {
  readonly slug: string;
  /** Ids or slugs; empty for every source that there is. */
  readonly sources: readonly string[];
  /** Null for every event. */
  readonly filter: Readonly<Record<string, unknown>> | null;
}

export interface Ready {
  readonly sources: readonly string[];
  /** Whether the destination is paused, so that nothing comes. */
  readonly paused: boolean;
  /** Listeners that were connected already. */
  readonly others: number;
}

/** Each source costs a connection. */
const MAX_SOURCES = 100;
/** Long enough for a server that restarts; a server that fails for longer is being worked on. */
const RETRIES = { schedule_seconds: [5, 30, 120] };

/** `Ana Ng`, `Ana's-Laptop.local` and 3000 are `listen-ana-ng-ana-s-laptop-local-3000`. */
export const slugFor = (whoAndWhere: string, port: number): string => {
  const name = whoAndWhere
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return `listen-${name.slice(0, 64 - "listen--65535".length)}-${port}`;
};

/** @param sources by slug @returns the slugs of their connections that take no events, by a 410 of the local server for example */
export async function findDisabled(client: Client, destination: string, sources: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const list = (query: { cursor?: string }) => client.call("GET /connections", { query: { ...query, destination } });
  for await (const page of pages(list, {}))
    for (const { slug, enabled, source_slug: source } of page)
      if (!enabled && source != null && sources.includes(source)) found.push(slug);
  return found;
}

const orNull = <T>(answer: Promise<T>): Promise<T | null> =>
  answer.catch((error: unknown) => {
    if (error instanceof Refusal && error.problem.status === 404) return null;
    throw error;
  });

/** @param isConnected whether this command itself has been connected, so that it is not taken for another listener */
export async function prepareDestination(client: Client, wanted: Wanted, isConnected: boolean): Promise<Ready> {
  const { slug } = wanted;
  const known = await orNull(client.call("GET /destinations/{id}", { id: slug }));
  if (known !== null && known.type !== "listener")
    throw new Failure(`The destination ${slug} is of type ${known.type ?? "http"}. Choose another --name`);
  // Before anything is made: a name that is wrong leaves nothing behind.
  const sources = await findSources(client, wanted.sources);
  const { id, paused } =
    known ??
    (await client.call("POST /destinations", {
      body: { type: "listener", name: slug, slug, circuit: null, retry: RETRIES },
    }));
  const others = known === null || isConnected ? 0 : ((await client.health(id)).listeners ?? 0);
  await connect(client, id, wanted, sources, others);
  return { sources: sources.map((source) => source.slug), paused, others };
}

interface Named {
  readonly id: string;
  readonly slug: string;
}

const sourceNamed = (client: Client, name: string): Promise<Named> =>
  client.call("GET /sources/{id}", { id: name }).catch((error: unknown) => {
    const isMissing = error instanceof Refusal && error.problem.status === 404;
    throw isMissing ? new Refusal({ ...error.problem, detail: `There is no source ${name}.` }) : error;
  });

async function findSources(client: Client, names: readonly string[]): Promise<readonly Named[]> {
  if (names.length > 0) return byId(await Promise.all(names.map((name) => sourceNamed(client, name))));
  const all: Named[] = [];
  for await (const page of pages((query: { cursor?: string }) => client.call("GET /sources", { query }), {})) {
    all.push(...page);
    if (all.length > MAX_SOURCES)
      throw new Failure(`There are more than ${MAX_SOURCES} sources: name those that you want with --source`);
  }
  if (all.length === 0) throw new Failure("There is no source yet");
  return byId(all);
}

/** Each once. */
const byId = (sources: readonly Named[]): Named[] => [
  ...new Map(sources.map((source) => [source.id, source])).values(),
];

/** Makes the connections that are wanted, and disables others: events of another source would not be expected. */
async function connect(
  client: Client,
  destination: string,
  { slug, filter }: Wanted,
  sources: readonly Named[],
  others: number,
): Promise<void> {
  const left = new Map(sources.map((source) => [source.id, source]));
  const changes: (() => Promise<unknown>)[] = [];
  const list = (query: { cursor?: string }) => client.call("GET /connections", { query: { ...query, destination } });
  for await (const page of pages(list, {}))
    for (const { id, source, enabled, filter: present } of page) {
      const isWanted = left.delete(source);
      if (isWanted && (!enabled || !isDeepStrictEqual(present, filter)))
        changes.push(() => client.call("PATCH /connections/{id}", { id, body: { enabled: true, filter } }));
      if (!isWanted && enabled)
        changes.push(() => client.call("PATCH /connections/{id}", { id, body: { enabled: false } }));
    }
  for (const source of left.values())
    changes.push(() => client.call("POST /connections", { body: { source: source.id, destination, filter } }));
  if (others > 0 && changes.length > 0)
    throw new Failure(
      `${others === 1 ? "Another listener is" : `${others} other listeners are`} connected to ${slug}, with other sources or another filter. Choose another --name`,
    );
  for (const change of changes) await change();
}
