// Callback URLs as they are configured: held to what a destination's URL must be, and only where callbacks can be signed.
import type { Context } from "hono";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { invalid } from "./problem.ts";
import { checkUrlField, urlRules } from "./url-rules.ts";

export interface CallbackUrls {
  readonly callback_url?: string | null | undefined;
  readonly failure_callback_url?: string | null | undefined;
}

export async function checkCallbacks(c: Context<ApiEnv>, deps: ApiDeps, urls: CallbackUrls): Promise<void> {
  for (const field of ["callback_url", "failure_callback_url"] as const) {
    const url = urls[field];
    if (url == null) continue;
    await checkUrlField(`/${field}`, url, urlRules(c, deps));
    if ((await deps.callbackSecrets()).length === 0)
      throw invalid(
        `/${field}`,
        "needs SLUICE_MASTER_KEY, or SLUICE_CALLBACK_SECRET as whsec_ and base64: callbacks are signed",
      );
  }
}
