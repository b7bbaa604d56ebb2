// Which event goes where.
export { matchRoutes, type Match } from "./match.ts";
export { RouteReader, type RouteOrigins } from "./route-reader.ts";
