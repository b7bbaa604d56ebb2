// What other rooms may use of `api`.
export { showAlerts } from "./alert-routes.ts";
export type { ApiDeps, ApiEnv, Backlog } from "./deps.ts";
export { healthOf } from "./health.ts";
export { mountMetrics } from "./metrics-routes.ts";
export { openApiDocument } from "./openapi/index.ts";
export { problemResponse } from "./problem.ts";
export { replayView } from "./replay-routes.ts";
export { apiRoutes } from "./routes.ts";
export { settingsView } from "./settings-routes.ts";
export { attemptView, connectionView, deliveryView, destinationView, eventView, sourceView } from "./views.ts";
