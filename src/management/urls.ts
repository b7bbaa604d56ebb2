// URLs that are configured: each is held to the rules of outbound requests before it is stored.
import { invalid } from "../model/problem.ts";
import { checkUrl, type UrlPorts } from "../outbound/index.ts";
import type { ManagementPorts } from "./ports.ts";

/** Throws a problem that names the field. A host name may be configured before it exists: it is looked up again before each request. */
export async function checkUrlField(pointer: string, url: string, rules: UrlPorts): Promise<void> {
  const checked = await checkUrl(url, rules);
  if (!checked.ok && checked.error.code !== "dns") throw invalid(pointer, checked.error.detail);
}

export interface CallbackUrls {
  readonly callback_url?: string | null | undefined;
  readonly failure_callback_url?: string | null | undefined;
}

/** Callback URLs are also refused where callbacks cannot be signed. */
export async function checkCallbacks(
  ports: Pick<ManagementPorts, "urls" | "callbackSecrets">,
  given: CallbackUrls,
): Promise<void> {
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
