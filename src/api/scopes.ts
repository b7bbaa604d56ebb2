// Which scope each operation of the API needs. Authentication and the OpenAPI document both use this list.
import type { Scope } from "../model/token.ts";

/** Every other operation: `read` for GET, `write` for the rest. The first match decides. */
const EXCEPTIONS: readonly (readonly [operation: RegExp, scope: Scope])[] = [
  [/^GET \/tokens\/self$/, "read"],
  // A listener receives events, and its answers are recorded as the outcome of their deliveries.
  [/^GET \/destinations\/[^/]+\/listen$/, "write"],
  [/^\S+ \/(tokens|audit|callbacks)(\/|$)/, "admin"],
  [/^\S+ \/[a-z]+\/[^/]+\/(rotate|learned)-secret(\/|$)/, "admin"],
];

/** @param path below `/api/v1` */
export function scopeOf(method: string, path: string): Scope {
  // A HEAD request is answered by the GET route.
  const verb = method === "HEAD" ? "GET" : method;
  const exception = EXCEPTIONS.find(([operation]) => operation.test(`${verb} ${path}`));
  return exception?.[1] ?? (verb === "GET" ? "read" : "write");
}
