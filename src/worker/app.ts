// The Hono app: request id, error handler, mounts. Every response of the API is JSON or problem+json.
import { Hono, type Context } from "hono";
import { ATTEMPTS_PERIOD_MS } from "../config/limits.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import { randomUuid } from "../kernel/random.ts";
import type { ProblemCode } from "../model/problem-codes.ts";
import { Problem } from "../model/problem.ts";
import { describeError } from "../telemetry/index.ts";
import {
  apiRoutes,
  mountMetrics,
  mountReadiness,
  openApiDocument,
  problemResponse,
  withoutQuery,
  type ApiDeps,
  type ApiEnv,
} from "../api/index.ts";

/** When to try again. */
const RETRY_AFTER: { readonly [C in ProblemCode]?: string } = {
  unavailable: "5",
  too_many_attempts: String(ATTEMPTS_PERIOD_MS / SECOND_MS),
};

export interface AppDeps extends ApiDeps {
  /** The dashboard: every path besides the API, ingest and the contract. */
  readonly pages?: (request: Request, requestId: string) => Promise<Response>;
  /** Ingest: any method, without authentication by Sluice. */
  readonly ingest: (request: Request, requestId: string, ctx: Pick<ExecutionContext, "waitUntil">) => Promise<Response>;
}

/**
 * Whatever a source answers, a browser treats it as a foreign, scriptless document: the dashboard is served from the same origin.
 * On every response under `/in/`.
 */
function sandbox(response: Response): Response {
  response.headers.set("content-security-policy", "sandbox; default-src 'none'");
  response.headers.set("x-content-type-options", "nosniff");
  return response;
}

const isIngest = (path: string): boolean => path === "/in" || path.startsWith("/in/");

export function createApp(deps: AppDeps): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  const failed = (error: unknown, c: Context<ApiEnv>): Response => {
    const requestId = c.get("requestId");
    if (error instanceof Problem) {
      const seconds = RETRY_AFTER[error.code];
      const headers: Record<string, string> = seconds === undefined ? {} : { "retry-after": seconds };
      return problemResponse(error.code, error.detail, requestId, error.errors, headers);
    }
    deps.log.error("request failed", { request_id: requestId, method: c.req.method, error: describeError(error) });
    return problemResponse("internal", "The Worker failed. The log has the details under this request id.", requestId);
  };
  // Before the middleware, because setting a header on a finished response copies it, and this is the busiest path.
  app.all("/in/*", async (c) => {
    const requestId = randomUuid();
    c.set("requestId", requestId);
    const response = await deps.ingest(c.req.raw, requestId, c.executionCtx);
    response.headers.set("x-request-id", requestId);
    return sandbox(response);
  });
  app.use(async (c, next) => {
    c.set("requestId", randomUuid());
    await next();
    // A copy of the response to an upgrade would lose its socket.
    if (c.res.status === 101) return;
    c.header("x-request-id", c.get("requestId"));
    if (!/^\/(api\/|metrics$)/.test(c.req.path)) return;
    c.header("x-content-type-options", "nosniff");
    c.header("cache-control", "no-store");
  });
  app.onError((error, c) => {
    const response = failed(error, c);
    return isIngest(c.req.path) ? sandbox(response) : response;
  });
  app.notFound((c) => {
    if (deps.pages !== undefined && !isIngest(c.req.path) && !/^\/api(\/|$)/.test(c.req.path))
      return deps.pages(c.req.raw, c.get("requestId"));
    const response = problemResponse("not_found", "There is nothing at this address.", c.get("requestId"));
    return isIngest(c.req.path) ? sandbox(response) : response;
  });

  app.get("/healthz", (c) => c.body(null, 200));
  app.get("/openapi.json", withoutQuery, (c) => c.json(openApiDocument(new URL(c.req.url).origin)));
  mountReadiness(app, deps);
  mountMetrics(app, deps);
  app.route("/api/v1", apiRoutes(deps));
  return app;
}
