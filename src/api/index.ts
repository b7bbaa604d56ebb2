// The management API: its routes, its contract, and the types of its answers.
export type { ApiDeps, ApiEnv, Backlog } from "./deps.ts";
export { mountMetrics } from "./metrics-routes.ts";
export type { Named, Page } from "./openapi/client-types.ts";
export { openApiDocument } from "./openapi/index.ts";
export { mountReadiness } from "./readiness.ts";
export { problemResponse } from "./problem.ts";
export { withoutQuery } from "./query-names.ts";
export { apiRoutes } from "./routes.ts";
