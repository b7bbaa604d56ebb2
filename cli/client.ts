// The management API as functions, typed by what it answers with. Throws `Refusal` for what Sluice refuses, `Failure` when it cannot be reached.
import type { writeDocument } from "../src/api/config-document/stored.ts";
import type { Change } from "../src/api/config-document/plan.ts";
import type { healthOf } from "../src/api/health.ts";
import type { attemptView, connectionView, deliveryView, destinationView, eventView } from "../src/api/views.ts";
import type { Ignored } from "../src/model/ignored.ts";
import { Failure, Refusal, type ProblemAnswer } from "./errors.ts";
import type { Settings } from "./settings.ts";

export type Delivery = ReturnType<typeof deliveryView>;
export type DeliveryWithAttempts = Delivery & { readonly attempts: readonly ReturnType<typeof attemptView>[] };
export type Event = ReturnType<typeof eventView>;
/** Of an event that waits for its first attempt only id, status and time are known. */
export type EventWithDeliveries = Partial<Event> &
  Pick<Event, "id" | "status" | "received_at"> & {
    readonly deliveries: readonly Delivery[];
    readonly ignored_by: readonly Ignored[];
  };
export type Destination = ReturnType<typeof destinationView>;
export type Connection = ReturnType<typeof connectionView>;
export type Health = Awaited<ReturnType<typeof healthOf>>;
export type ConfigDocument = ReturnType<typeof writeDocument>;

export interface ConfigPlan {
  readonly dry_run: boolean;
  readonly summary: Readonly<Record<Change["action"], number>>;
  readonly changes: readonly Change[];
  readonly signing_secrets?: readonly { readonly destination: string; readonly secrets: readonly string[] }[];
}

export interface Queues {
  readonly queues: readonly {
    readonly name: string;
    readonly backlog_count: number;
    readonly backlog_bytes: number;
    readonly oldest_message_at: string | null;
  }[];
  readonly database: { readonly size_bytes: number; readonly max_bytes: number };
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly next_cursor: string | null;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface Call {
  readonly query?: Query;
  /** An object goes as JSON, a string as the JSON that it is. */
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Longer than any answer of Sluice takes. */
const TIMEOUT_MS = 120_000;

export class Client {
  readonly #settings: Settings;
  readonly #fetch: typeof fetch;

  constructor(settings: Settings, fetcher: typeof fetch) {
    this.#settings = settings;
    this.#fetch = fetcher;
  }

  async #send(method: string, path: string, { query = {}, body, headers = {} }: Call = {}): Promise<Response> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
    const url = `${this.#settings.origin}/api/v1${path}${search.size === 0 ? "" : `?${search.toString()}`}`;
    const response = await this.#fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${this.#settings.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
      // The token is for this host and no other.
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: unknown) => {
      throw new Failure(`Sluice cannot be reached at ${this.#settings.origin}: ${reasonOf(error)}`);
    });
    if (!response.ok) throw new Refusal(await problemOf(response));
    return response;
  }

  async #json<T>(method: string, path: string, call?: Call): Promise<T> {
    const response = await this.#send(method, path, call);
    return (await response.json().catch(() => {
      throw new Failure(`${this.#settings.origin} does not answer as Sluice does`);
    })) as T;
  }

  exportConfig = (): Promise<ConfigDocument> => this.#json("GET", "/config");

  /** @param document JSON as it is to be sent @returns the plan and the state of the configuration that it speaks of */
  async putConfig(
    document: string,
    how: { readonly dryRun: boolean; readonly prune: boolean; readonly ifMatch?: string },
  ): Promise<{ readonly plan: ConfigPlan; readonly etag: string }> {
    const response = await this.#send("PUT", "/config", {
      query: { dry_run: how.dryRun, prune: how.prune },
      body: document,
      headers: how.ifMatch === undefined ? {} : { "if-match": how.ifMatch },
    });
    return { plan: await response.json<ConfigPlan>(), etag: response.headers.get("etag") ?? "*" };
  }

  publish = (event: object, key?: string): Promise<{ readonly id: string; readonly status: string }> =>
    this.#json("POST", "/events", { body: event, headers: key === undefined ? {} : { "idempotency-key": key } });

  events = (query: Query): Promise<Page<Event>> => this.#json("GET", "/events", { query });
  event = (id: string): Promise<EventWithDeliveries> => this.#json("GET", `/events/${encodeURIComponent(id)}`);
  async eventBody(id: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#send("GET", `/events/${encodeURIComponent(id)}/body`)).arrayBuffer());
  }
  replayEvent = (id: string, connection?: string): Promise<{ readonly data: readonly Delivery[] }> =>
    this.#json("POST", `/events/${encodeURIComponent(id)}/replay`, {
      body: connection === undefined ? {} : { connection },
    });

  deliveries = (query: Query): Promise<Page<Delivery>> => this.#json("GET", "/deliveries", { query });
  delivery = (id: string): Promise<DeliveryWithAttempts> => this.#json("GET", `/deliveries/${encodeURIComponent(id)}`);
  retry = (id: string): Promise<Delivery> => this.#json("POST", `/deliveries/${encodeURIComponent(id)}/retry`);

  destinations = (query: Query): Promise<Page<Destination>> => this.#json("GET", "/destinations", { query });
  health = (name: string): Promise<Health> => this.#json("GET", `/destinations/${encodeURIComponent(name)}/health`);
  queues = (): Promise<Queues> => this.#json("GET", "/queues");
}

/** Everything that a list holds, page by page, newest first. */
export async function* pages<T>(list: (query: Query) => Promise<Page<T>>, query: Query): AsyncGenerator<readonly T[]> {
  let cursor: string | null = null;
  do {
    const page: Page<T> = await list({ ...query, cursor: cursor ?? undefined });
    yield page.data;
    cursor = page.next_cursor;
  } while (cursor !== null);
}

async function problemOf(response: Response): Promise<ProblemAnswer> {
  const text = await response.text().catch(() => "");
  try {
    const problem = JSON.parse(text) as Partial<ProblemAnswer>;
    if (typeof problem.code === "string") return { ...problem, status: response.status };
  } catch {
    // Not ours: a proxy, or another server altogether.
  }
  return { status: response.status, detail: `HTTP ${response.status} and no problem document: is this a Sluice?` };
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return cause instanceof Error ? cause.message : String(cause);
}
