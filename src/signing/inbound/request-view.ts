// A request's head as the rules read it: headers in any case, repeated ones joined, the URL in parts. Never throws.
import type { InboundHead } from "../../model/request-check.ts";

export interface RequestView {
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly path: string;
  /** With its question mark, or empty. */
  readonly query: string;
  /** The values of a repeated header are joined with commas (RFC 9110, section 5.3). Null when there is none. */
  header(name: string): string | null;
}

const URL_PARTS = /^([a-z][a-z0-9+.-]*:\/\/([^/?#]*))([^?#]*)(\?[^#]*)?/i;

/** @param publicOrigin replaces the URL's own scheme and host */
export function requestView(head: InboundHead, publicOrigin: string | undefined): RequestView {
  const headers = new Map<string, string>();
  for (const [name, value] of head.headers) {
    const key = name.toLowerCase();
    const former = headers.get(key);
    headers.set(key, former === undefined ? value : `${former}, ${value}`);
  }
  const url =
    publicOrigin === undefined ? head.url : head.url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, () => publicOrigin);
  const [, , host = "", path = "", query = ""] = URL_PARTS.exec(url) ?? [];
  return { method: head.method, url, host, path, query, header: (name) => headers.get(name) ?? null };
}

/** HubSpot decodes only these in the URL that it signs. */
const DECODED = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;

/** The forms in which the sender may have signed the URL; the URL as received comes first. */
export function urlForms(url: string, forms: "any_port" | "decoded" | undefined): string[] {
  if (forms === "decoded") return [...new Set([url, url.replace(DECODED, (code) => decodeURIComponent(code))])];
  const match = forms === undefined ? null : /^(https?):\/\/([^/?#]*?)(:\d+)?(?=[/?#]|$)/i.exec(url);
  if (match === null) return [url];
  const [whole, scheme = "", host = ""] = match;
  const port = scheme.toLowerCase() === "https" ? 443 : 80;
  const rest = url.slice(whole.length);
  return [...new Set([url, `${scheme}://${host}${rest}`, `${scheme}://${host}:${port}${rest}`])];
}
