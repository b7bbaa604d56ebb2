// Matches events with connections and transforms them.
export { checkRouting } from "./check-routing.ts";
export { compileFilter } from "./filter-compile.ts";
export { parseExact, stringifyExact } from "./exact-json.ts";
export { failedClause } from "./filter-explain.ts";
export { applyTransform, compileTransform, type CompiledTransform } from "./transform.ts";
export { matchRoutes, readsBody, type Matched, newDelivery, plannedWaitMs } from "./match.ts";
export { bodyValue, requestViews, type BodySource } from "./request-views.ts";
export { RouteReader, type UsedRoute } from "./route-reader.ts";
