// What a URL that Sluice calls must be, as far as the URL itself says it. Pure; names are looked up in check-url.ts.
import { err, ok, type Result } from "../kernel/result.ts";
import { isAddress, isPublicAddress } from "./addresses.ts";

export interface UrlRules {
  /** Plain http and private addresses are allowed: local development. */
  readonly allowPrivate: boolean;
  /** Plain http to public addresses is allowed. */
  readonly allowHttp?: boolean;
  /** Hosts under which this deployment itself is reached, with their port where it is not the protocol's own. */
  readonly ownHosts?: readonly string[];
}

/** `blocked_address` covers whatever the rules do not allow; `dns` a name that cannot be looked up or does not exist. */
export interface UrlFault {
  readonly code: "blocked_address" | "loop" | "dns";
  /** In words for the user: what is wrong with the URL. */
  readonly detail: string;
}

/** RFC 6762, RFC 6761, RFC 8375 and what the private networks of clouds and offices use. */
const LOCAL_NAME = /^[^.]+$|\.(localhost|local|localdomain|internal|intranet|private|corp|home|lan|home\.arpa)$/;

const blocked = (detail: string): Result<never, UrlFault> => err({ code: "blocked_address", detail });

export function judgeUrl(text: string, rules: UrlRules): Result<URL, UrlFault> {
  if (!URL.canParse(text)) return blocked("is no absolute URL");
  const url = new URL(text);
  const http = rules.allowPrivate || rules.allowHttp === true;
  if (url.protocol !== "https:" && !(http && url.protocol === "http:")) return blocked("must begin with https://");
  if (url.username !== "" || url.password !== "") return blocked("must not carry a user name or password");
  if (url.hash !== "") return blocked("must not have a fragment");
  const host = bareHost(url.hostname);
  if (host === "" || host.startsWith(".")) return blocked("has no host");
  if ((rules.ownHosts ?? []).some((own) => isOwn(url, own, rules.allowPrivate)))
    return err({ code: "loop", detail: "must not point to Sluice itself" });
  if (!rules.allowPrivate && !isPublicHost(host))
    return blocked("must not point to a private, loopback, link-local or reserved address");
  return ok(url);
}

/**
 * The rules without looking names up: for what must be answered at once.
 * @returns the parsed URL, or what is wrong with it in words for the user
 */
export function checkDestinationUrl(text: string, rules: UrlRules): Result<URL, string> {
  const judged = judgeUrl(text, rules);
  return judged.ok ? judged : err(judged.error.detail);
}

/** A trailing dot names the root and nothing else. */
const bareHost = (hostname: string): string => hostname.replace(/\.+$/, "");

const isPublicHost = (host: string): boolean =>
  isAddress(host) ? isPublicAddress(host.replace(/^\[|\]$/g, "")) : !LOCAL_NAME.test(host);

/** In development several services share one name, so that there the port tells them apart. */
function isOwn(url: URL, own: string, byPort: boolean): boolean {
  const mine = `${url.protocol}//${own}`;
  if (own === "" || !URL.canParse(mine)) return false;
  const { hostname, port } = new URL(mine);
  return bareHost(hostname) === bareHost(url.hostname) && (!byPort || port === url.port);
}
