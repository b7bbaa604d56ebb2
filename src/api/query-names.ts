// Which query parameters a request may have: those that the contract declares for its operation, each once. Any other is refused by name,
// because a misspelt filter or `dry_run` would otherwise answer, or do, something else than the caller meant.
import type { Context, MiddlewareHandler } from "hono";
import { invalid, pointerTo } from "../model/problem.ts";
import type { ApiEnv } from "./deps.ts";
import { OPERATIONS } from "./openapi/index.ts";
import { queryNames } from "./openapi/operation.ts";

interface Known {
  readonly method: string;
  /** Below `/api/v1`. */
  readonly path: RegExp;
  readonly names: ReadonlySet<string>;
}

const KNOWN: readonly Known[] = Object.entries(OPERATIONS).map(([key, operation]) => {
  const [method = "", path = ""] = key.split(" ");
  return {
    method,
    path: new RegExp(`^${path.replace("{id}", "[^/]+")}$`),
    names: new Set(queryNames(method, operation)),
  };
});

/** @throws Problem `invalid` for the first parameter that is not among the names, or is given twice */
function refuseOthers(c: Context<ApiEnv>, names: ReadonlySet<string>): void {
  const given = new URL(c.req.url).searchParams;
  for (const name of given.keys()) {
    if (!names.has(name)) throw invalid(pointerTo("query", name), "is not a parameter of this operation");
    if (given.getAll(name).length > 1) throw invalid(pointerTo("query", name), "is given more than once");
  }
}

/** For the operations under `/api/v1`. An address without an operation is left to the router. */
export const onlyDeclaredQuery: MiddlewareHandler<ApiEnv> = async (c, next) => {
  // A HEAD request is answered by the GET route.
  const method = c.req.method === "HEAD" ? "GET" : c.req.method;
  const path = c.req.path.replace(/^\/api\/v1/, "");
  const known = KNOWN.find((one) => one.method === method && one.path.test(path));
  if (known !== undefined) refuseOthers(c, known.names);
  await next();
};

/** For an operation without parameters. */
export const withoutQuery: MiddlewareHandler<ApiEnv> = async (c, next) => {
  refuseOthers(c, new Set());
  await next();
};
