// `Idempotency-Key`: the same request again gets the first answer again, and does nothing. A key belongs to the token, the method, the
// path and the query that it came with.
import type { MiddlewareHandler } from "hono";
import { toHex, utf8 } from "../kernel/bytes.ts";
import type { SecretPlace, Vault } from "../signing/index.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { takesKey } from "./keyed-operations.ts";
import { invalid, Problem } from "../model/problem.ts";
import { claimKey, keepAnswer, releaseKey, yieldKey } from "../store/index.ts";

const MAX_KEY_LENGTH = 255;

export const idempotent =
  ({ db, now, settings, vault }: Pick<ApiDeps, "db" | "now" | "settings" | "vault">): MiddlewareHandler<ApiEnv> =>
  async (c, next) => {
    const key = c.req.header("idempotency-key");
    if (key === undefined || !takesKey(c.req.method, c.req.path.replace(/^\/api\/v1/, ""))) return next();
    if (key.length === 0 || key.length > MAX_KEY_LENGTH)
      throw invalid("/headers/idempotency-key", `must have 1 to ${MAX_KEY_LENGTH} characters`);
    const { id: principal } = c.get("principal");
    const operation = `${principal} POST ${c.req.path}${new URL(c.req.url).search}`;
    const scope = `${operation}\n${key}`;
    const hash = await keyedHash(await c.req.text(), settings.adminToken ?? "");
    const claim = await claimKey(db, key, operation, hash, now());
    if (claim.kind === "taken") {
      const earlier = claim.answer;
      if (earlier.request_hash !== hash) throw new Problem("idempotency_mismatch");
      if (earlier.status === null) throw new Problem("idempotency_in_flight");
      return new Response(await readAnswer(earlier.response ?? "", scope, vault), {
        status: earlier.status,
        headers: {
          "content-type": "application/json",
          "idempotency-replayed": "true",
          "x-request-id": c.get("requestId"),
        },
      });
    }
    c.set("idempotency", { scope, since: claim.since });
    await next();
    const isKept = c.error === undefined && c.res.ok && c.get("isPlan") !== true;
    const answer = isKept ? await c.res.clone().text() : null;
    const kept = answer === null ? null : await keptForm(answer, c.get("confidential") === true, scope, vault);
    if (kept !== null) await keepAnswer(db, key, operation, c.res.status, kept);
    else if (c.res.status >= 500) await yieldKey(db, key, operation);
    else await releaseKey(db, key, operation);
  };

/** Keyed: a plain hash of a body with a weak secret could be guessed from the table. */
async function keyedHash(body: string, secret: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", utf8(`idempotency:${secret}`), algorithm, false, ["sign"]);
  return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(body))));
}

/** @param scope the key with what it belongs to: an answer opens for its own token only */
const placeOf = (scope: string): SecretPlace => ({ purpose: "answer", record: scope, field: "response" });

/** The answer as it is stored: encrypted when it holds a secret. Null when it cannot be encrypted. */
async function keptForm(answer: string, confidential: boolean, scope: string, vault: Vault): Promise<string | null> {
  if (!confidential) return answer;
  const sealed = await vault.seal(answer, placeOf(scope));
  return sealed.ok ? sealed.value.sealed : null;
}

async function readAnswer(kept: string, scope: string, vault: Vault): Promise<string> {
  if (!kept.startsWith("v1.")) return kept;
  const opened = await vault.open({ sealed: kept }, placeOf(scope));
  if (!opened.ok)
    throw new Problem(
      "not_configured",
      "The first answer was encrypted with a master key that is no longer configured.",
    );
  return opened.value;
}
