// Which scope each operation of the API needs. The one list of it: authentication goes by it, and the contract shows it.
import type { Scope } from "../model/token.ts";

/** Whatever is not named here: `read` for GET, `write` for all else. The first that matches decides. */
const EXCEPTIONS: readonly (readonly [operation: RegExp, scope: Scope])[] = [
  [/^GET \/tokens\/self$/, "read"],
  [/^\S+ \/(tokens|audit|callbacks)(\/|$)/, "admin"],
  [/^\S+ \/[a-z]+\/[^/]+\/(rotate|learned)-secret(\/|$)/, "admin"],
  // Change nothing.
  [/^POST \/(filters|transforms)\/test$/, "read"],
];

/** @param path below `/api/v1` */
export function scopeOf(method: string, path: string): Scope {
  // HEAD is answered by what answers GET.
  const verb = method === "HEAD" ? "GET" : method;
  const exception = EXCEPTIONS.find(([operation]) => operation.test(`${verb} ${path}`));
  return exception?.[1] ?? (verb === "GET" ? "read" : "write");
}
