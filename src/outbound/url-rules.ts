// The rules for URLs that Sluice calls, as far as the URL alone decides. Pure. check-url.ts looks names up.
import { err, ok, type Result } from "../kernel/result.ts";
import { isAddress, isPublicAddress } from "./addresses.ts";

export interface UrlRules {
  /** Plain http and private addresses are allowed: local development. */
  readonly allowPrivate: boolean;
  /** Plain http to public addresses is allowed. */
  readonly allowHttp?: boolean;
  /** The hosts of this deployment itself, with the port where it is not the protocol's default. */
  readonly ownHosts?: readonly string[];
}

/** Whether connections without TLS are allowed. */
export const mayBePlain = ({ allowPrivate, allowHttp }: UrlRules): boolean => allowPrivate || allowHttp === true;

/** `blocked_address`: the rules do not allow it. `dns`: the name does not exist or cannot be looked up. */
export interface UrlFault {
  readonly code: "blocked_address" | "loop" | "dns";
  /** What is wrong with the URL, as a message for the user. */
  readonly detail: string;
  /** No resolver answered: nothing is known about the name now. */
  readonly isTemporary?: boolean;
}

/** RFC 6762, RFC 6761, RFC 8375, and the names that private networks of clouds and offices use. */
const LOCAL_NAME = /^[^.]+$|\.(localhost|local|localdomain|internal|intranet|private|corp|home|lan|home\.arpa)$/;

const blocked = (detail: string): Result<never, UrlFault> => err({ code: "blocked_address", detail });

export function judgeUrl(text: string, rules: UrlRules): Result<URL, UrlFault> {
  if (!URL.canParse(text)) return blocked("is not an absolute URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && !(mayBePlain(rules) && url.protocol === "http:"))
    return blocked("must begin with https://");
  if (url.username !== "" || url.password !== "") return blocked("must not contain a user name or password");
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
 * The rules without a look-up, for answers that must not wait.
 * @returns the parsed URL, or what is wrong with it as a message for the user
 */
export function checkDestinationUrl(text: string, rules: UrlRules): Result<URL, string> {
  const judged = judgeUrl(text, rules);
  return judged.ok ? judged : err(judged.error.detail);
}

/** A trailing dot only names the DNS root. */
const bareHost = (hostname: string): string => hostname.replace(/\.+$/, "");

const isPublicHost = (host: string): boolean =>
  isAddress(host) ? isPublicAddress(host.replace(/^\[|\]$/g, "")) : !LOCAL_NAME.test(host);

/** In development several services share one host name and differ by port. */
function isOwn(url: URL, own: string, byPort: boolean): boolean {
  const mine = `${url.protocol}//${own}`;
  if (own === "" || !URL.canParse(mine)) return false;
  const { hostname, port } = new URL(mine);
  return bareHost(hostname) === bareHost(url.hostname) && (!byPort || port === url.port);
}
