// `GET /readyz`: whether the deployment is complete: admin token, master key, migrations. What is missing is told to the bearer of a valid token only.
import type { Context, Hono } from "hono";
import { READY_CACHE_MS } from "../config/limits.ts";
import { missingFromSchema } from "../store/index.ts";
import { describeError } from "../telemetry/index.ts";
import { callerFinder, NO_ADMIN_TOKEN } from "./auth.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { problemResponse } from "./problem.ts";

/** Everything that keeps the deployment from working, in words for its operator. */
async function faultsOf({ settings, vault, databases, log }: ApiDeps): Promise<readonly string[]> {
  const faults: string[] = [];
  if (settings.adminToken === null) faults.push(settings.adminTokenFault ?? NO_ADMIN_TOKEN);
  const key = await vault.currentKeyId();
  if (!key.ok) faults.push(`${key.error.detail}.`);
  try {
    for (const [index, database] of databases().entries()) {
      const missing = await missingFromSchema(database);
      const name = index === 0 ? "DB" : `DB_${index + 1}`;
      if (missing !== null) faults.push(`${name} lacks migrations (${missing}): run npm run deploy.`);
    }
  } catch (error) {
    log.error("database not ready", { error: describeError(error) });
    faults.push("The database does not answer; the log says why.");
  }
  return faults;
}

export function mountReadiness(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const findCaller = callerFinder(deps);
  const isCaller = async (c: Context<ApiEnv>): Promise<boolean> => {
    const { adminToken } = deps.settings;
    if (adminToken === null) return false;
    // An address that has guessed too often, and a token that cannot be looked up, are told as little as anyone.
    return findCaller(c, adminToken).then(
      (caller) => caller !== null,
      () => false,
    );
  };
  // Anyone may ask, so the database is asked once in a while only.
  let known: { readonly at: number; readonly faults: readonly string[] } | null = null;
  app.get("/readyz", async (c) => {
    if (known === null || deps.now() - known.at >= READY_CACHE_MS)
      known = { at: deps.now(), faults: await faultsOf(deps) };
    if (known.faults.length === 0) return c.body(null, 200);
    const told = (await isCaller(c)) ? known.faults.join(" ") : "Send a valid token to learn what is missing.";
    return problemResponse("not_configured", told, c.get("requestId"));
  });
}
