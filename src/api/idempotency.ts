// `Idempotency-Key` on every POST: the same request again gets the first answer again, and does nothing.
import type { MiddlewareHandler } from "hono";
import { toHex, utf8 } from "../kernel/bytes.ts";
import { claimKey, keepAnswer, releaseKey, yieldKey } from "../store/idempotency.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid, Problem } from "./problem.ts";

const MAX_KEY_LENGTH = 255;

export const idempotent =
  ({ db, now }: Pick<ApiDeps, "db" | "now">): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const key = c.req.header("idempotency-key");
    if (c.req.method !== "POST" || key === undefined) return next();
    if (key.length === 0 || key.length > MAX_KEY_LENGTH)
      throw invalid("/headers/idempotency-key", `must have 1 to ${MAX_KEY_LENGTH} characters`);
    const operation = `POST ${c.req.path}`;
    const hash = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(await c.req.text()))));
    const claim = await claimKey(db, key, operation, hash, now());
    if (claim.kind === "taken") {
      const earlier = claim.answer;
      if (earlier.request_hash !== hash) throw new Problem("idempotency_mismatch");
      if (earlier.status === null) throw new Problem("idempotency_in_flight");
      return new Response(earlier.response, {
        status: earlier.status,
        headers: {
          "content-type": "application/json",
          "idempotency-replayed": "true",
          "x-request-id": c.get("requestId"),
        },
      });
    }
    c.set("idempotency", { key, since: claim.since });
    await next();
    if (c.error === undefined && c.res.ok)
      await keepAnswer(db, key, operation, c.res.status, await c.res.clone().text());
    else if (c.res.status >= 500) await yieldKey(db, key, operation);
    else await releaseKey(db, key, operation);
  };
