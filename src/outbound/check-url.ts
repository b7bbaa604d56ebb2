// Checks every URL that Sluice is configured to call, when it is saved and again before each request: destinations, callbacks, token
// endpoints, alerts. Looks up what the host name resolves to. The platform opens the connection, so a name that changes its address
// between the look-up and the connection is not detected.
import { err, ok, type Result } from "../kernel/result.ts";
import { isAddress, isPublicAddress } from "./addresses.ts";
import { judgeUrl, type UrlFault, type UrlRules } from "./url-rules.ts";
import type { Resolve, ResolveFault } from "./resolver.ts";

export interface UrlPorts extends UrlRules {
  /** Null when look-ups are disabled: names are trusted. */
  readonly resolve: Resolve | null;
}

/** Never throws. A name that cannot be looked up is a `dns` fault: nothing is sent to an unchecked address. */
export async function checkUrl(text: string, ports: UrlPorts): Promise<Result<URL, UrlFault>> {
  const judged = judgeUrl(text, ports);
  if (!judged.ok || ports.allowPrivate || ports.resolve === null || isAddress(judged.value.hostname)) return judged;
  const found = await ports.resolve(judged.value.hostname.replace(/\.+$/, ""));
  if (!found.ok) return err(unresolved(found.error));
  return found.value.every(isPublicAddress)
    ? ok(judged.value)
    : err({
        code: "blocked_address",
        detail: "has a host name that resolves to a private, loopback, link-local or reserved address",
      });
}

function unresolved(fault: ResolveFault): UrlFault {
  switch (fault) {
    case "not_found":
      return { code: "dns", detail: "has a host name that does not exist" };
    case "failed":
      return { code: "dns", detail: "has a host name whose look-up fails" };
    case "unavailable":
      return { code: "dns", detail: "has a host name that cannot be looked up now", isTemporary: true };
  }
}
