// A stand-in of the part of Cloudflare's REST API that deploying, restoring and removing a Sluice calls, wrangler's requests included. Loopback only;
// its state lives as long as it does. It refuses what Cloudflare is known to refuse, keeps every request in order, and can fail any of them.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { Edge } from "./edge.ts";
import { queueRoutes } from "./queue-routes.ts";
import { refuse, Refusal } from "./refusal.ts";
import { compile, Contents, type Request } from "./routes.ts";
import { newState, type AccountSettings, type State } from "./state.ts";
import { storageRoutes } from "./storage-routes.ts";
import { workerRoutes } from "./worker-routes.ts";

const ROUTES = compile([...workerRoutes, ...storageRoutes, ...queueRoutes]);
const PREFIX = "/client/v4";

interface Logged {
  readonly method: string;
  /** Without the prefix; ids are left as they are. */
  readonly path: string;
  readonly body: unknown;
  readonly status: number;
}

/** Says with which status a request fails; null to let it through. */
type Failing = (method: string, path: string) => { readonly status: number; readonly code: number } | null;

export interface StandIn {
  readonly base: string;
  readonly state: State;
  readonly edge: Edge;
  /** Every request so far. */
  readonly requests: Logged[];
  failing: Failing;
  readonly close: () => Promise<void>;
}

export async function startStandIn(settings: AccountSettings = {}): Promise<StandIn> {
  const state = newState(settings);
  const requests: Logged[] = [];
  const server = createServer((message, response) => {
    const respond = ({ status, body }: { readonly status: number; readonly body: string }): void => {
      // Of an upload, as R2 gives it.
      const etag = `"${createHash("md5").update(body).digest("hex")}"`;
      response.writeHead(status, { "content-type": "application/json", etag }).end(body);
    };
    void buffer(message)
      .then((raw) => answer(message, raw))
      .then(respond);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const standIn: StandIn = {
    base: origin + PREFIX,
    state,
    edge: new Edge(state),
    requests,
    failing: () => null,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };

  async function answer(message: IncomingMessage, raw: Buffer): Promise<{ status: number; body: string }> {
    const url = new URL(message.url ?? "/", origin);
    const method = message.method ?? "GET";
    const file = /^\/_(dump|upload)\/(.+)$/.exec(url.pathname);
    if (file !== null) return { status: 200, body: transfer(state, file[1] ?? "", file[2] ?? "", raw) };
    if (url.pathname === "/_edge") return overEdge(standIn.edge, url, message, raw);
    const path = url.pathname.replace(PREFIX, "");
    const type = message.headers["content-type"] ?? "";
    const body: unknown = raw.length > 0 && !type.startsWith("multipart") ? json(raw.toString()) : {};
    const log = (status: number) => requests.push({ method, path, body, status });
    try {
      const planned = standIn.failing(method, path);
      if (planned !== null) refuse(planned.code, "planned failure", planned.status);
      const form = () => new Response(new Uint8Array(raw), { headers: { "content-type": type } }).formData();
      const result = await handle(method, path, {
        state,
        query: url.searchParams,
        body: body as never,
        form,
        text: raw.toString(),
        origin,
      });
      log(200);
      if (result instanceof Contents) return { status: 200, body: result.text };
      return {
        status: 200,
        body: JSON.stringify({ success: true, errors: [], messages: [], ...paged(result, url, path) }),
      };
    } catch (error) {
      const { status, code } = error instanceof Refusal ? error : { status: 500, code: 10013 };
      log(status);
      const errors = [{ code, message: error instanceof Error ? error.message : String(error) }];
      return { status, body: JSON.stringify({ success: false, errors, messages: [], result: null }) };
    }
  }
  return standIn;
}

/** A request to a deployed Worker, from a script in another process. */
async function overEdge(
  edge: Edge,
  url: URL,
  message: IncomingMessage,
  raw: Buffer,
): Promise<{ status: number; body: string }> {
  const { authorization = "" } = message.headers;
  const target = new URL(url.searchParams.get("url") ?? "");
  const init = { method: message.method ?? "GET", headers: { authorization }, body: raw.toString() };
  const response = (await edge.answer(target, init)) ?? new Response(null, { status: 404 });
  return { status: response.status, body: await response.text() };
}

function handle(method: string, path: string, request: Omit<Request, "params">): unknown {
  for (const route of ROUTES) {
    const match = route.method === method ? route.regex.exec(path) : null;
    if (match !== null) return route.handler({ ...request, params: match.groups ?? {} });
  }
  return refuse(7000, `No route for that URI: ${method} ${path}`, 404);
}

/** Lists come in pages. */
function paged(result: unknown, url: URL, path: string): { readonly result: unknown; readonly result_info?: unknown } {
  if (!Array.isArray(result) || path.endsWith("/query")) return { result: result ?? null };
  const [page, per_page] = [Number(url.searchParams.get("page") ?? 1), Number(url.searchParams.get("per_page") ?? 100)];
  const result_info = { page, per_page, total_count: result.length };
  return { result: result.slice((page - 1) * per_page, page * per_page), result_info };
}

/** The files of an export and an import, which are not the API's. */
function transfer(state: State, kind: string, id: string, raw: Buffer): string {
  const db = state.d1[id]?.db;
  if (db === undefined || kind === "dump") return db?.dump() ?? "";
  db.uploaded = raw.toString();
  return db.uploaded;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
