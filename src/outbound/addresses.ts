// Which IP addresses are public. Pure. Refuses in doubt: what is no plain global unicast address is not public.

type Range = readonly [base: string, prefixBits: number];

// https://www.iana.org/assignments/iana-ipv4-special-registry, without the blocks of AS112 and AMT, which are reachable by anybody;
// the last one is where Azure's virtual machines find their host.
// prettier-ignore
const SPECIAL_IPV4: readonly Range[] = [
  ["0.0.0.0", 8], ["10.0.0.0", 8], ["100.64.0.0", 10], ["127.0.0.0", 8], ["169.254.0.0", 16], ["172.16.0.0", 12],
  ["192.0.0.0", 24], ["192.0.2.0", 24], ["192.88.99.0", 24], ["192.168.0.0", 16], ["198.18.0.0", 15],
  ["198.51.100.0", 24], ["203.0.113.0", 24], ["224.0.0.0", 4], ["240.0.0.0", 4], ["168.63.129.16", 32],
];

// https://www.iana.org/assignments/iana-ipv6-special-registry, as far as it lies in 2000::/3: protocol assignments (Teredo, ORCHID,
// benchmarking), documentation, 6to4. The blocks that wrap IPv4 addresses go as wholes.
const SPECIAL_IPV6: readonly Range[] = [
  ["2001:0:0:0:0:0:0:0", 23],
  ["2001:db8:0:0:0:0:0:0", 32],
  ["2002:0:0:0:0:0:0:0", 16],
  ["3fff:0:0:0:0:0:0:0", 20],
];
const GLOBAL_UNICAST: Range = ["2000:0:0:0:0:0:0:0", 3];

/** @param text an address without brackets, in any notation that the URL parser takes */
export function isPublicAddress(text: string): boolean {
  const host = canonicalHost(text.includes(":") ? `[${text}]` : text);
  if (host === null) return false;
  const address = literalAddress(host);
  if (address === null) return false;
  return address.version === 4
    ? !SPECIAL_IPV4.some((range) => within(address.bits, range, 32))
    : within(address.bits, GLOBAL_UNICAST, 128) && !SPECIAL_IPV6.some((range) => within(address.bits, range, 128));
}

/** Whether a host as the URL parser writes it is an address, not a name. */
export const isAddress = (host: string): boolean => literalAddress(host) !== null;

/** The URL parser turns octal, hexadecimal, short and fullwidth notations into one; null for what it refuses. */
function canonicalHost(host: string): string | null {
  const url = `http://${host}/`;
  return /^[^/?#@\\]+$/.test(host) && URL.canParse(url) ? new URL(url).hostname : null;
}

function literalAddress(host: string): { readonly version: 4 | 6; readonly bits: bigint } | null {
  if (host.startsWith("[")) return { version: 6, bits: ipv6Bits(host.slice(1, -1)) };
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) ? { version: 4, bits: ipv4Bits(host) } : null;
}

const ipv4Bits = (text: string): bigint => text.split(".").reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);

/** Of the parser's own form: hexadecimal groups, at most one `::`. */
function ipv6Bits(text: string): bigint {
  const [head = "", tail] = text.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const after = tail === undefined ? [] : groups(tail);
  const before = groups(head);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

function within(bits: bigint, [base, prefixBits]: Range, width: 32 | 128): boolean {
  const shift = BigInt(width - prefixBits);
  return bits >> shift === (width === 32 ? ipv4Bits(base) : ipv6Bits(base)) >> shift;
}
