// IP addresses and ranges. An IPv4 address equals the IPv6 address that it maps to.

/** 16 bytes; an IPv4 address is mapped to ::ffff:0:0/96. */
export type Address = readonly number[];

export interface Cidr {
  readonly address: Address;
  /** The length of the prefix in bits, 0 to 128. */
  readonly prefix: number;
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];
const V4: Cidr = { address: [...MAPPED, 0, 0, 0, 0], prefix: 96 };

function parseV4(text: string): number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255)) return null;
  return parts.map(Number);
}

/** RFC 4291, section 2.2. Without a zone. */
function parseV6(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const parseGroups = (half: string): number[] | null => {
    if (half === "") return [];
    const groups = half.split(":");
    const out: number[] = [];
    for (const [index, group] of groups.entries()) {
      const v4 = index === groups.length - 1 && group.includes(".") ? parseV4(group) : null;
      if (v4 !== null) out.push(...v4);
      else if (/^[0-9a-f]{1,4}$/i.test(group))
        out.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255);
      else return null;
    }
    return out;
  };
  const head = parseGroups(halves[0] ?? "");
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "") : [];
  // Only the end of the whole address may be in dotted form.
  if (head === null || tail === null || (halves.length === 2 && (halves[0] ?? "").includes("."))) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return null;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** Null when it is not an address. */
export function parseAddress(text: string): Address | null {
  if (text.includes(":")) return parseV6(text);
  const v4 = parseV4(text);
  return v4 === null ? null : [...MAPPED, ...v4];
}

/** An address, or an address with a prefix length. Null when it is neither. */
export function parseCidr(text: string): Cidr | null {
  const [head = "", length, ...rest] = text.split("/");
  const address = parseAddress(head);
  if (address === null || rest.length > 0) return null;
  const most = head.includes(":") ? 128 : 32;
  if (length === undefined) return { address, prefix: 128 };
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > most) return null;
  return { address, prefix: Number(length) + (128 - most) };
}

/** The block that one party usually holds: an IPv4 address itself, or the /64 of an IPv6 address. Other text is returned unchanged. */
export function networkOf(text: string): string {
  const address = parseAddress(text);
  if (address === null) return text;
  if (cidrContains(V4, address)) return address.slice(12).join(".");
  return `${address
    .slice(0, 8)
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("")}/64`;
}

export function cidrContains({ address: range, prefix }: Cidr, address: Address): boolean {
  for (let bit = 0; bit < prefix; bit += 8) {
    const mask = (0xff << Math.max(0, 8 - (prefix - bit))) & 0xff;
    if (((range[bit / 8] ?? 0) ^ (address[bit / 8] ?? 0)) & mask) return false;
  }
  return true;
}

/** Whether an address is in one of the ranges. An empty list allows any; an address that is not known is in none. */
export function isInRanges(ip: string | null, ranges: readonly string[]): boolean {
  if (ranges.length === 0) return true;
  const address = ip === null ? null : parseAddress(ip);
  if (address === null) return false;
  return ranges.some((text) => {
    const cidr = parseCidr(text);
    return cidr !== null && cidrContains(cidr, address);
  });
}
