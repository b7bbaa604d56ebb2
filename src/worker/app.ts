// The Hono app: request id, error handler, mounts. Every response of the API is JSON or problem+json.
import { Hono } from "hono";
import { randomUuid } from "../kernel/random.ts";
import { Problem } from "../model/problem.ts";
import { describeError } from "../telemetry/index.ts";
import { apiRoutes, mountMetrics, openApiDocument, problemResponse, type ApiDeps, type ApiEnv } from "../api/index.ts";

const RETRY_AFTER_SECONDS = "5";

export interface AppDeps extends ApiDeps {
  /** The dashboard: every path besides the API, ingest and the contract. */
  readonly pages?: (request: Request, requestId: string) => Promise<Response>;
  /** Ingest: any method, without authentication by Sluice. */
  readonly ingest: (request: Request, requestId: string, ctx: Pick<ExecutionContext, "waitUntil">) => Promise<Response>;
}

export function createApp(deps: AppDeps): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  // Before the middleware, because setting a header on a finished response copies it, and this is the busiest path.
  app.all("/in/*", async (c) => {
    const requestId = randomUuid();
    c.set("requestId", requestId);
    const response = await deps.ingest(c.req.raw, requestId, c.executionCtx);
    response.headers.set("x-request-id", requestId);
    return response;
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
    const requestId = c.get("requestId");
    if (error instanceof Problem) {
      const wait: Record<string, string> = error.code === "unavailable" ? { "retry-after": RETRY_AFTER_SECONDS } : {};
      return problemResponse(error.code, error.detail, requestId, error.errors, wait);
    }
    deps.log.error("request failed", { request_id: requestId, method: c.req.method, error: describeError(error) });
    return problemResponse("internal", "The Worker failed. The log has the details under this request id.", requestId);
  });
  app.notFound((c) =>
    deps.pages === undefined || /^\/(api|in)(\/|$)/.test(c.req.path)
      ? problemResponse("not_found", "There is nothing under this address.", c.get("requestId"))
      : deps.pages(c.req.raw, c.get("requestId")),
  );

  app.get("/healthz", (c) => c.body(null, 200));
  app.get("/openapi.json", (c) => c.json(openApiDocument(new URL(c.req.url).origin)));
  mountMetrics(app, deps);
  app.route("/api/v1", apiRoutes(deps));
  return app;
}
