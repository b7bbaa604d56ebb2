import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { isPublicAddress } from "../../../src/outbound/addresses.ts";
import { checkDestinationUrl, judgeUrl } from "../../../src/outbound/url-rules.ts";

const strict = { allowPrivate: false };

/** Hosts as a user may write them, with their meaning. */
const REFUSED: readonly (readonly [host: string, what: string])[] = [
  ["0.0.0.0", "this host"],
  ["0.1.2.3", "this network"],
  ["10.0.0.1", "private"],
  ["10.255.255.255", "private, its last one"],
  ["100.64.0.1", "carrier-grade NAT"],
  ["100.127.255.255", "carrier-grade NAT, its last one"],
  ["100.100.100.200", "metadata of Alibaba Cloud"],
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "loopback, far end"],
  ["169.254.0.1", "link-local"],
  ["169.254.169.254", "metadata of AWS, Google Cloud, Azure"],
  ["169.254.170.2", "metadata of AWS tasks"],
  ["168.63.129.16", "Azure's host"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private, its last one"],
  ["192.0.0.1", "IETF protocol assignments"],
  ["192.0.0.192", "metadata of Oracle Cloud"],
  ["192.0.2.1", "documentation"],
  ["192.88.99.1", "6to4 relay"],
  ["192.168.0.1", "private"],
  ["198.18.0.1", "benchmarking"],
  ["198.19.255.255", "benchmarking, its last one"],
  ["198.51.100.1", "documentation"],
  ["203.0.113.1", "documentation"],
  ["224.0.0.1", "multicast"],
  ["239.255.255.255", "multicast, its last one"],
  ["240.0.0.1", "reserved"],
  ["255.255.255.255", "broadcast"],
  ["127.1", "loopback, short"],
  ["127.0.1", "loopback, three parts"],
  ["2130706433", "loopback as one number"],
  ["0x7f000001", "loopback in hexadecimal"],
  ["0x7f.1", "loopback, hexadecimal and short"],
  ["0177.0.0.1", "loopback in octal"],
  ["017700000001", "loopback as one octal number"],
  ["0xA9FEA9FE", "metadata in hexadecimal"],
  ["0251.0376.0251.0376", "metadata in octal"],
  ["127.0.0.1.", "loopback with a trailing dot"],
  ["127.0.0.1..", "loopback with two"],
  ["１２７.０.０.１", "loopback in fullwidth digits"],
  ["127。0。0。1", "loopback with ideographic full stops"],
  ["①②⑦.⓪.⓪.①", "loopback in circled digits"],
  ["%31%32%37.0.0.1", "loopback percent-encoded"],
  ["256.1.1.1", "no address"],
  ["[::]", "unspecified"],
  ["[::1]", "loopback"],
  ["[0:0:0:0:0:0:0:1]", "loopback in full"],
  ["[2::1]", "outside of global unicast"],
  ["[::127.0.0.1]", "IPv4-compatible"],
  ["[::ffff:127.0.0.1]", "IPv4-mapped"],
  ["[::ffff:7f00:1]", "IPv4-mapped in hexadecimal"],
  ["[::ffff:8.8.8.8]", "IPv4-mapped, of a public one"],
  ["[::ffff:0:127.0.0.1]", "IPv4-translated"],
  ["[64:ff9b::7f00:1]", "NAT64"],
  ["[64:ff9b::169.254.169.254]", "NAT64 of metadata"],
  ["[64:ff9b:1::1]", "local NAT64"],
  ["[100::1]", "discard only"],
  ["[2001::1]", "Teredo"],
  ["[2001:0:7f00:1::]", "Teredo with a server on loopback"],
  ["[2001:2::1]", "benchmarking"],
  ["[2001:10::1]", "ORCHID"],
  ["[2001:20::1]", "ORCHIDv2"],
  ["[2001:1ff:ffff::1]", "IETF protocol assignments, the last of them"],
  ["[2001:db8::1]", "documentation"],
  ["[2002:7f00:1::]", "6to4 of loopback"],
  ["[2002:a9fe:a9fe::1]", "6to4 of metadata"],
  ["[3fff::1]", "documentation, the newer block"],
  ["[3fff:fff::1]", "documentation, the end of the newer block"],
  ["[4000::1]", "beyond global unicast"],
  ["[5f00::1]", "segment routing"],
  ["[fc00::1]", "unique local"],
  ["[fd00:ec2::254]", "metadata of AWS"],
  ["[fd20:ce::254]", "metadata of Google Cloud"],
  ["[fe80::1]", "link-local"],
  ["[fe80::1%25eth0]", "link-local with a zone"],
  ["[fec0::1]", "site-local"],
  ["[ff02::1]", "multicast"],
  ["[127.0.0.1]", "IPv4 in brackets"],
  ["localhost", "loopback's name"],
  ["LOCALHOST.", "loopback's name, otherwise written"],
  ["api.localhost", "under loopback's name"],
  ["intranet", "a name without a dot"],
  ["metadata.google.internal", "metadata by name"],
  ["printer.local", "multicast DNS"],
  ["nas.lan", "a name of local networks"],
  ["router.home.arpa", "a name of home networks"],
];

const ALLOWED: readonly (readonly [host: string, what: string])[] = [
  ["1.1.1.1", "public"],
  ["8.8.8.8", "public"],
  ["9.255.255.255", "just below a private block"],
  ["11.0.0.0", "just above it"],
  ["100.63.255.255", "just below carrier-grade NAT"],
  ["100.128.0.0", "just above it"],
  ["126.255.255.255", "just below loopback"],
  ["128.0.0.1", "just above it"],
  ["169.253.255.255", "just below link-local"],
  ["169.255.0.0", "just above it"],
  ["172.15.255.255", "just below a private block"],
  ["172.32.0.0", "just above it"],
  ["192.0.1.1", "between reserved blocks"],
  ["192.167.255.255", "just below a private block"],
  ["192.169.0.0", "just above it"],
  ["198.17.255.255", "just below benchmarking"],
  ["198.20.0.0", "just above it"],
  ["223.255.255.255", "just below multicast"],
  ["0x08.0x08.0x08.0x08", "public in hexadecimal"],
  ["134744072", "public as one number"],
  ["8.8.8.8.", "public with a trailing dot"],
  ["[2606:4700:4700::1111]", "public"],
  ["[2001:4860:4860::8888]", "public"],
  ["[2001:200::1]", "just above the protocol assignments"],
  ["[2001:db7:ffff::1]", "just below documentation"],
  ["[2001:db9::1]", "just above it"],
  ["[2003::1]", "just above 6to4"],
  ["[2a00:1450:4001:81b::200e]", "public"],
  ["[2620:4f:8000::1]", "AS112, reachable by anybody"],
  ["[3ffe::1]", "just below the newer documentation block"],
  ["[3fff:1000::1]", "just above it"],
  ["api.example.com", "a name"],
  ["xn--bcher-kva.example", "an international name"],
  ["bücher.example", "the same as written"],
];

describe("the address table [G10]", () => {
  it.each(REFUSED)("refuses %s: %s", (host) => {
    expect(checkDestinationUrl(`https://${host}/hook`, strict).ok).toBe(false);
    expect(checkDestinationUrl(`https://${host}:8443/hook`, strict).ok).toBe(false);
  });

  it.each(ALLOWED)("allows %s: %s", (host) => {
    expect(checkDestinationUrl(`https://${host}/hook`, strict)).toMatchObject({ ok: true });
  });

  it("has at least 60 notations of both families", () => {
    const hosts = [...REFUSED, ...ALLOWED].map(([host]) => host);
    expect(new Set(hosts).size).toBe(hosts.length);
    expect(hosts.filter((host) => host.includes(":")).length).toBeGreaterThanOrEqual(30);
    expect(hosts.length).toBeGreaterThanOrEqual(60);
  });

  it("judges an IPv4 address the same in every notation", () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xffffffff }), (value) => {
        const parts = [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256);
        const plain = isPublicAddress(parts.join("."));
        const forms = [
          String(value),
          `0x${value.toString(16)}`,
          `0${value.toString(8)}`,
          parts.map((part) => `0x${part.toString(16)}`).join("."),
          parts.map((part) => `0${part.toString(8)}`).join("."),
        ];
        for (const form of forms) expect(checkDestinationUrl(`https://${form}/`, strict).ok).toBe(plain);
      }),
    );
  });

  it("refuses every IPv4 address that is wrapped in an IPv6 one", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom("::ffff:", "::", "64:ff9b::", "::ffff:0:"), (address, prefix) => {
        expect(isPublicAddress(prefix + address)).toBe(false);
      }),
    );
  });

  it.each(["", "x", "10.2.3", "::1::", "8.8.8.8/24", "8.8.8.8@10.0.0.1", "8.8.8.8#", "fe80::1%eth0"])(
    "does not accept %j from a resolver as a public address",
    (text) => {
      expect(isPublicAddress(text)).toBe(false);
    },
  );
});

describe("the rules for URLs [G10]", () => {
  it.each([
    ["http://api.example.com/", "https"],
    ["ftp://api.example.com/", "https"],
    ["file:///etc/passwd", "https"],
    ["javascript:alert(1)", "https"],
    ["/hook", "absolute"],
    ["https://", "absolute"],
    ["https://user@api.example.com/", "user name"],
    ["https://user:password@api.example.com/", "user name"],
    ["https://api.example.com/#part", "fragment"],
    ["https://./", "host"],
  ])("refuse %s", (url, word) => {
    const checked = checkDestinationUrl(url, strict);
    expect(checked.ok ? "" : checked.error).toContain(word);
  });

  it("allow plain http where it is configured, and private addresses in development only", () => {
    expect(checkDestinationUrl("http://api.example.com/", { allowPrivate: false, allowHttp: true }).ok).toBe(true);
    expect(checkDestinationUrl("http://10.0.0.1/", { allowPrivate: false, allowHttp: true }).ok).toBe(false);
    expect(checkDestinationUrl("http://127.0.0.1:3000/", { allowPrivate: true }).ok).toBe(true);
    expect(checkDestinationUrl("ftp://127.0.0.1/", { allowPrivate: true }).ok).toBe(false);
  });

  it.each([
    ["https://sluice.example.com/in/x", "sluice.example.com"],
    ["https://SLUICE.example.com./in/x", "sluice.example.com"],
    ["https://sluice.example.com:8443/in/x", "sluice.example.com"],
  ])("refuse %s as a loop under %s", (url, own) => {
    expect(judgeUrl(url, { allowPrivate: false, ownHosts: ["other.example.com", own] })).toMatchObject({
      ok: false,
      error: { code: "loop" },
    });
  });

  it("distinguish services of one machine by port in development", () => {
    const rules = { allowPrivate: true, ownHosts: ["localhost:8787"] };
    expect(judgeUrl("http://localhost:8787/in/x", rules)).toMatchObject({ ok: false, error: { code: "loop" } });
    expect(judgeUrl("http://localhost:3000/hook", rules).ok).toBe(true);
  });
});
