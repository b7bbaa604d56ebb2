// The management API as functions, typed by its contract: a path, field or query that is not in the contract does not compile.
// Throws `Refusal` if Sluice refuses a request, `Failure` if it is unreachable.
import type { AnswerOf, BodyOf, CallOf, Named, OperationKey, Page, QueryOf } from "../src/api/openapi/client-types.ts";
import { Failure, Refusal } from "./errors.ts";
import { readProblem, reasonOf } from "./problem.ts";
import type { Settings } from "./settings.ts";
import type { OpenSocket, Socket, SocketEvents } from "./socket.ts";

export type Delivery = Named<"Delivery">;
export type Event = Named<"Event">;
/** Before its first attempt, only id, status and time of an event are known. */
export type EventWithDeliveries = Named<"EventWithDeliveries">;
export type Source = Named<"Source">;
export type Destination = Named<"Destination">;
export type Health = Named<"Health">;
export type ConfigPlan = Named<"ConfigPlan">;
export type Queues = Named<"Queues">;
export type Replay = Named<"BulkReplay">;
export type ReplayPlan = Named<"ReplayPlan">;
/** The request body that starts a bulk replay. */
export type NewReplay = BodyOf<"POST /replays">;
export type { Page };

/** JSON text that is sent unchanged. */
class JsonText {
  readonly json: string;
  constructor(json: string) {
    this.json = json;
  }
}

const noSocket: OpenSocket = () => Promise.reject(new Failure("WebSockets are not available"));

/** Longer than any response of Sluice takes. */
const TIMEOUT_MS = 120_000;

export class Client {
  readonly #settings: Settings;
  readonly #fetch: typeof fetch;
  readonly #openSocket: OpenSocket;

  /** @param opener needed for WebSockets only */
  constructor(settings: Settings, fetcher: typeof fetch, opener: OpenSocket = noSocket) {
    this.#settings = settings;
    this.#fetch = fetcher;
    this.#openSocket = opener;
  }

  /** Opens a WebSocket. @param path below `/api/v1` */
  connect = (path: string, on: SocketEvents): Promise<Socket> =>
    this.#openSocket(`${this.#settings.origin.replace(/^http/, "ws")}/api/v1${path}`, this.#settings.token, on);

  /** Calls an operation. @returns a successful response */
  async send<K extends OperationKey>(
    operation: K,
    given: CallOf<K> | (Omit<CallOf<K>, "body"> & { readonly body: JsonText }),
    withinMs = TIMEOUT_MS,
  ): Promise<Response> {
    const { id, query = {}, body, headers = {} } = given as Loose;
    const [method = "", path = ""] = operation.split(" ");
    const asked = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(asked.map(([name, value]): [string, string] => [name, String(value)]));
    const below = path.replace("{id}", encodeURIComponent(id ?? ""));
    const url = `${this.#settings.origin}/api/v1${below}${search.size === 0 ? "" : `?${search.toString()}`}`;
    const response = await this.#fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${this.#settings.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : body instanceof JsonText ? body.json : JSON.stringify(body),
      // The token must not be sent to another host.
      redirect: "error",
      signal: AbortSignal.timeout(Math.min(withinMs, TIMEOUT_MS)),
    }).catch((error: unknown) => {
      throw new Failure(`Cannot reach Sluice at ${this.#settings.origin}: ${reasonOf(error)}`);
    });
    if (!response.ok) throw new Refusal(readProblem(response.status, await response.text().catch(() => "")));
    // Every response of Sluice has one. Another server may answer 200 to everything.
    if (!response.headers.has("x-request-id"))
      throw new Failure(`The response from ${this.#settings.origin} is not from Sluice`);
    return response;
  }

  async #whole<T>(body: Promise<T>): Promise<T> {
    return body.catch(() => {
      throw new Failure(`The response from ${this.#settings.origin} broke off`);
    });
  }

  /** Calls an operation that responds with JSON. */
  async call<K extends OperationKey>(operation: K, given: CallOf<K>, withinMs?: number): Promise<AnswerOf<K>> {
    const response = await this.send(operation, given, withinMs);
    return this.#whole(response.json<AnswerOf<K>>());
  }

  exportConfig = () => this.call("GET /config", {});

  /** @param document JSON text @returns the plan and the ETag of the configuration that it applies to */
  async putConfig(
    document: string,
    how: { readonly dryRun: boolean; readonly prune: boolean; readonly ifMatch?: string },
  ): Promise<{ readonly plan: ConfigPlan; readonly etag: string }> {
    const response = await this.send("PUT /config", {
      query: { dry_run: how.dryRun, prune: how.prune },
      body: new JsonText(document),
      headers: how.ifMatch === undefined ? {} : { "if-match": how.ifMatch },
    });
    return { plan: await this.#whole(response.json<ConfigPlan>()), etag: response.headers.get("etag") ?? "*" };
  }

  publish = (event: BodyOf<"POST /events">, key?: string) =>
    this.call("POST /events", { body: event, headers: key === undefined ? {} : { "idempotency-key": key } });

  events = (query: QueryOf<"GET /events">) => this.call("GET /events", { query });
  event = (id: string, withinMs?: number) => this.call("GET /events/{id}", { id }, withinMs);
  async eventBody(id: string): Promise<Uint8Array> {
    const response = await this.send("GET /events/{id}/body", { id });
    return new Uint8Array(await this.#whole(response.arrayBuffer()));
  }
  replayEvent = (id: string, connection?: string) =>
    this.call("POST /events/{id}/replay", { id, body: connection === undefined ? {} : { connection } });

  deliveries = (query: QueryOf<"GET /deliveries">) => this.call("GET /deliveries", { query });
  delivery = (id: string) => this.call("GET /deliveries/{id}", { id });
  retry = (id: string) => this.call("POST /deliveries/{id}/retry", { id });

  planReplay = async (wanted: NewReplay): Promise<ReplayPlan> =>
    (await this.call("POST /replays", { body: { ...wanted, dry_run: true } })) as ReplayPlan;
  startReplay = async (wanted: NewReplay): Promise<Replay> =>
    (await this.call("POST /replays", { body: wanted })) as Replay;
  replay = (id: string) => this.call("GET /replays/{id}", { id });
  cancelReplay = (id: string) => this.call("POST /replays/{id}/cancel", { id });

  destinations = (query: QueryOf<"GET /destinations">) => this.call("GET /destinations", { query });
  sources = (query: QueryOf<"GET /sources">) => this.call("GET /sources", { query });
  health = (id: string) => this.call("GET /destinations/{id}/health", { id });
  queues = () => this.call("GET /queues", {});
}

/** The arguments of a call, independent of the operation. */
interface Loose {
  readonly id?: string;
  readonly query?: object;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** All records of a list, page by page, newest first. */
export async function* pages<T, Q extends { readonly cursor?: string; readonly limit?: number }>(
  list: (query: Q) => Promise<Page<T>>,
  query: Q,
): AsyncGenerator<readonly T[]> {
  let cursor: string | null = null;
  do {
    const page: Page<T> = await list(cursor === null ? query : { ...query, cursor });
    yield page.data;
    cursor = page.next_cursor;
  } while (cursor !== null);
}
