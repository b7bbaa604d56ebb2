// Callback URLs as they are configured: held to what a destination's URL must be, and only where callbacks can be signed.
import type { ApiDeps } from "./deps.ts";
import { invalid } from "../model/problem.ts";
import { checkUrlField } from "./url-rules.ts";
import type { UrlPorts } from "../outbound/index.ts";

export interface CallbackPorts extends Pick<ApiDeps, "callbackSecrets"> {
  readonly urls: UrlPorts;
}

export interface CallbackUrls {
  readonly callback_url?: string | null | undefined;
  readonly failure_callback_url?: string | null | undefined;
}

export async function checkCallbacks(ports: CallbackPorts, given: CallbackUrls): Promise<void> {
  for (const field of ["callback_url", "failure_callback_url"] as const) {
    const url = given[field];
    if (url == null) continue;
    await checkUrlField(`/${field}`, url, ports.urls);
    if ((await ports.callbackSecrets()).length === 0)
      throw invalid(
        `/${field}`,
        "needs SLUICE_MASTER_KEY, or SLUICE_CALLBACK_SECRET as whsec_ and base64: callbacks are signed",
      );
  }
}
