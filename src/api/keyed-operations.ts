// Which operations honour an `Idempotency-Key`: those that create or send. The middleware and the OpenAPI document both use this list.

/** POSTs that neither create nor send: a second one has no further effect. */
const WITHOUT_KEY =
  /^\/((filters|transforms)\/test|sources\/[^/]+\/learned-secret|connections\/([^/]+\/)?preview|[a-z]+\/[^/]+\/(pause|resume|cancel))$/;

/** @param path below `/api/v1` */
export const takesKey = (method: string, path: string): boolean => method === "POST" && !WITHOUT_KEY.test(path);
