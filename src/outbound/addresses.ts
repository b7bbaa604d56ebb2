// Which IP addresses are public. Pure. Whatever is not a plain global unicast address is not public.
import { cidrContains, parseAddress, parseCidr, type Address, type Cidr } from "../kernel/cidr.ts";

const range = (text: string): Cidr => {
  const cidr = parseCidr(text);
  if (cidr === null) throw new Error(`not a range: ${text}`);
  return cidr;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry, without the blocks of AS112 and AMT, which anyone can reach; the last
// one is where Azure's virtual machines find their host.
// https://www.iana.org/assignments/iana-ipv6-special-registry, the part within 2000::/3: protocol assignments (Teredo, ORCHID,
// benchmarking), documentation, 6to4. Blocks that wrap IPv4 addresses are refused as a whole.
// prettier-ignore
const SPECIAL = [
  "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
  "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
  "168.63.129.16/32", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
].map(range);
const GLOBAL_UNICAST = range("2000::/3");

/** @param text an address without brackets, in any notation that the URL parser accepts */
export function isPublicAddress(text: string): boolean {
  const host = canonicalHost(text.includes(":") ? `[${text}]` : text);
  const address = host === null ? null : literalAddress(host);
  if (host === null || address === null) return false;
  // An IPv4 address that is mapped into IPv6 is refused here.
  if (host.startsWith("[") && !cidrContains(GLOBAL_UNICAST, address)) return false;
  return !SPECIAL.some((special) => cidrContains(special, address));
}

/** Whether a host as the URL parser writes it is an address, not a name. */
export const isAddress = (host: string): boolean => literalAddress(host) !== null;

/** The URL parser turns octal, hexadecimal, short and fullwidth notations into one; null for what it refuses. */
function canonicalHost(host: string): string | null {
  const url = `http://${host}/`;
  return /^[^/?#@\\]+$/.test(host) && URL.canParse(url) ? new URL(url).hostname : null;
}

const literalAddress = (host: string): Address | null => parseAddress(host.replace(/^\[(.*)\]$/, "$1"));
