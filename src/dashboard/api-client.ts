// The API as the pages call it: in process, as HTTP requests, with the session's token or as the person signed in through Access. So
// the API validates, checks scopes, audits and describes problems; the dashboard can do nothing that another client could not.
import type { Principal } from "../model/token.ts";

export interface ProblemBody {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly request_id?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

export type Answer<T> =
  | { readonly ok: true; readonly status: number; readonly data: T; readonly etag: string | null }
  | { readonly ok: false; readonly status: number; readonly problem: ProblemBody };

type Query = Readonly<Record<string, string | number | undefined | null>>;

/** The session's token is no longer valid. The app responds with the login page. */
export class SignedOut extends Error {}

/** A failed call that the page cannot continue without. The app shows it as an error page. */
export class ApiProblem extends Error {
  readonly problem: ProblemBody;

  constructor(problem: ProblemBody) {
    super(problem.code);
    this.problem = problem;
  }
}

/** The whole app, as a client over the network sees it. @param principal who makes the request, if it has no token */
export type Call = (request: Request, principal: Principal | null) => Promise<Response>;

interface CallHeaders {
  /** Repeating a request with the same key takes effect once. */
  readonly "idempotency-key"?: string;
  /** Refused unless the configuration still has this tag. */
  readonly "if-match"?: string;
}

export interface Api {
  /** @param path below `/api/v1` @throws SignedOut, ApiProblem */
  get<T>(path: string, query?: Query): Promise<T>;
  /** Null for a 404 or 403. @throws as `get` for everything else */
  find<T>(path: string, query?: Query): Promise<T | null>;
  /** Any call; a problem is returned as a value, for forms. @throws SignedOut */
  send<T>(
    method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    query?: Query,
    headers?: CallHeaders,
  ): Promise<Answer<T>>;
  /** The unchanged response. */
  raw(path: string): Promise<Response>;
}

/** @param origin scheme and host that the browser called @param by a token, or a principal without one */
export function apiClient(call: Call, origin: string, by: string | Principal): Api {
  const request = async (
    method: string,
    path: string,
    body?: unknown,
    query: Query = {},
    headers: CallHeaders = {},
  ): Promise<Response> => {
    const url = new URL(`${origin}/api/v1${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, String(value));
    }
    const response = await call(
      new Request(url, {
        method,
        headers: {
          ...(typeof by === "string" ? { authorization: `Bearer ${by}` } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
      }),
      typeof by === "string" ? null : by,
    );
    if (response.status === 401) {
      await response.body?.cancel();
      throw new SignedOut();
    }
    return response;
  };
  const send: Api["send"] = async (method, path, body, query, headers) => {
    const response = await request(method, path, body, query, headers);
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
    const data: unknown = isJson && text !== "" ? JSON.parse(text) : null;
    return response.ok
      ? { ok: true, status: response.status, data: data as never, etag: response.headers.get("etag") }
      : { ok: false, status: response.status, problem: toProblem(data, response.status) };
  };
  return {
    send,
    async get<T>(path: string, query?: Query) {
      const answer = await send<T>("GET", path, undefined, query);
      if (!answer.ok) throw new ApiProblem(answer.problem);
      return answer.data;
    },
    async find<T>(path: string, query?: Query) {
      const answer = await send<T>("GET", path, undefined, query);
      if (answer.ok) return answer.data;
      if (answer.status === 404 || answer.status === 403) return null;
      throw new ApiProblem(answer.problem);
    },
    raw: (path) => request("GET", path),
  };
}

function toProblem(data: unknown, status: number): ProblemBody {
  if (typeof data === "object" && data !== null && "code" in data) return data as ProblemBody;
  return { title: "Error", status, detail: "The API returned an error without details.", code: "unknown" };
}
