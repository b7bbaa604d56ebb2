// The Workers that are deployed on the stand-in, as the internet reaches them. They do what the check after a deployment needs, and only once they
// have all that a real one needs: secrets, tables, consumers, a cron trigger.
import { createHash } from "node:crypto";
import type { Script, State } from "./state.ts";

const json = (status: number, body: unknown): Response => Response.json(body, { status });

/** As a Worker shows a master key. */
export const keyIdOf = (key: string): string =>
  createHash("sha256").update("sluice bound secrets\n").update(Buffer.from(key, "base64")).digest("hex").slice(0, 8);

interface Stored {
  readonly made: Map<string, Record<string, unknown>>;
  delivered: number;
}

export class Edge {
  readonly #state: State;
  readonly #stored = new Map<string, Stored>();
  /** Answers of /readyz before a Worker is ready, as on a new host name. */
  slowStarts = 0;
  /** How many secrets each master key encrypts, if not all the current one. */
  sealed: readonly { readonly key_id: string; readonly secrets: number }[] | null = null;
  /** What becomes of events. */
  outcome: "delivered" | "dead" = "delivered";

  constructor(state: State) {
    this.#state = state;
  }

  /** Null for a host that is no Worker's. */
  async answer(url: URL, init: RequestInit = {}): Promise<Response | null> {
    const found = Object.entries(this.#state.scripts).find(([name, script]) =>
      this.#isHost(name, script, url.hostname),
    );
    if (found === undefined) return null;
    const [name, script] = found;
    const missing = this.#missing(name, script);
    if (url.pathname === "/readyz") {
      if (this.slowStarts-- > 0) return json(404, {});
      return missing === null ? new Response(null) : json(503, { detail: missing });
    }
    const stored = this.#stored.get(name) ?? { made: new Map(), delivered: 0 };
    this.#stored.set(name, stored);
    if (url.pathname.startsWith("/in/")) return this.#ingest(url, init, stored);
    const authorization = new Headers(init.headers).get("authorization");
    if (authorization !== `Bearer ${script.secrets["SLUICE_ADMIN_TOKEN"]}`) return json(401, { detail: "no" });
    if (url.pathname === "/api/v1/master-keys") return json(200, this.#keys(script));
    return this.#manage(url.pathname.replace("/api/v1", ""), init, stored);
  }

  #isHost(name: string, { subdomain, domains }: Script, host: string): boolean {
    const own = subdomain.enabled && host === `${name}.${this.#state.settings.subdomain}.workers.dev`;
    return own || domains.some(({ hostname }) => hostname === host);
  }

  #missing(name: string, { secrets, versions, schedules }: Script): string | null {
    if (secrets["SLUICE_ADMIN_TOKEN"] === undefined) return "Set the secret SLUICE_ADMIN_TOKEN.";
    if (secrets["SLUICE_MASTER_KEY"] === undefined) return "SLUICE_MASTER_KEY must be base64 of 32 bytes.";
    const bound = versions.at(-1)?.bindings.find((binding) => binding.name === "DB");
    const db = this.#state.d1[String(bound?.["id"])]?.db;
    const [tables] = db?.query("SELECT name FROM sqlite_master WHERE name = 'segments'") ?? [];
    if (tables?.results.length !== 1) return "DB lacks migrations (no such table: segments): run npm run deploy.";
    const consumers = Object.values(this.#state.queues).filter((queue) =>
      queue.consumers.some(({ script }) => script === name),
    );
    return consumers.length === 6 && schedules.length === 1 ? null : "consumers or cron are missing";
  }

  /** As if every stored secret were encrypted with the current key. */
  #keys({ secrets }: Script) {
    const id = keyIdOf(secrets["SLUICE_MASTER_KEY"] ?? "");
    return { current_key_id: id, data: this.sealed ?? [{ key_id: id, secrets: 3 }] };
  }

  #ingest(url: URL, init: RequestInit, stored: Stored): Response {
    const source = stored.made.get(`/sources/${url.pathname.slice("/in/".length)}`);
    const verification = source?.["verification"] as { readonly secrets: readonly string[] } | undefined;
    if (verification === undefined) return json(404, {});
    const given = new Headers(init.headers).get("authorization");
    if (given !== `Bearer ${verification.secrets[0]}`) return json(401, { detail: "The request is not verified." });
    return json(202, { id: `evt_${++stored.delivered}`, status: "accepted" });
  }

  #manage(path: string, init: RequestInit, { made }: Stored): Response {
    if (init.method === "POST") {
      const body = JSON.parse(init.body as string) as Record<string, unknown>;
      const key = `${path}/${String(body["slug"])}`;
      if (made.has(key)) return json(409, { detail: "The slug is taken." });
      made.set(key, body);
      return json(201, body);
    }
    if (init.method === "DELETE") return new Response(null, { status: made.delete(path) ? 204 : 404 });
    return path.startsWith("/events/") ? json(200, { status: this.outcome }) : json(404, {});
  }

  /** What the check has left behind. */
  leftOver(): number {
    return [...this.#stored.values()].reduce((sum, { made }) => sum + made.size, 0);
  }
}
