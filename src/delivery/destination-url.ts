// Which URLs a destination may have. Literal addresses only: what a name resolves to is not looked up here.
import { err, ok, type Result } from "../kernel/result.ts";

const LOCAL_NAME = /(^|\.)(localhost|local|internal|home\.arpa|localdomain)\.?$/;

/**
 * The parsed URL, or what is wrong with it in words for the user. The URL parser has already turned odd notations of IPv4
 * addresses (octal, hexadecimal, one number) into the dotted one.
 * @param allowPrivate plain http and private addresses are allowed: local development
 */
export function checkDestinationUrl(text: string, allowPrivate: boolean): Result<URL, string> {
  if (!URL.canParse(text)) return err("is no absolute URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:")) return err("must begin with https://");
  if (url.username !== "" || url.password !== "") return err("must not carry a user name or password");
  if (url.hash !== "") return err("must not have a fragment");
  if (!allowPrivate && (LOCAL_NAME.test(url.hostname) || isPrivateAddress(url.hostname))) {
    return err("must not point to a private, loopback or link-local address");
  }
  return ok(url);
}

function isPrivateAddress(host: string): boolean {
  if (host.startsWith("[")) return isPrivateIpv6(host.slice(1, -1));
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) && isPrivateIpv4(host.split(".").map(Number));
}

/** IANA's special-purpose registry: https://www.iana.org/assignments/iana-ipv4-special-registry */
function isPrivateIpv4([a = 0, b = 0, c = 0]: readonly number[]): boolean {
  return (
    a === 0 || a === 10 || a === 127 || a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && (b === 168 || (b === 0 && (c === 0 || c === 2)) || (b === 88 && c === 99))) ||
    (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) ||
    (a === 203 && b === 0 && c === 113)
  ); // prettier-ignore
}

/** Only global unicast (2000::/3) is public, less documentation, 6to4 and Teredo, which wrap IPv4 addresses. */
const isPrivateIpv6 = (text: string): boolean => !/^[23]/.test(text) || /^(2002|2001:(0|db8|:)|2001::|3fff)/.test(text);
