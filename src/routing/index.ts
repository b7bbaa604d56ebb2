// Matches events with connections and transforms them.
export { checkRouting } from "./check-routing.ts";
export { compileFilter } from "./filter-compile.ts";
export { parseExact, stringifyExact } from "./exact-json.ts";
export { failedClause } from "./filter-explain.ts";
export type { CompiledFilter } from "./filter-nodes.ts";
export { applyTransform, compileTransform, type CompiledTransform, type Transformed } from "./transform.ts";
export { messageTemplates, renderMessageFields, type MessageFields } from "./message-templates.ts";
export { matchRoutes, readsBody, type Matched, newDelivery, plannedWaitMs } from "./match.ts";
export { bodyValue, bodyView, requestViews, type BodySource } from "./request-views.ts";
export { RouteReader, type UsedRoute } from "./route-reader.ts";
