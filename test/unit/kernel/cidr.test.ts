// IP addresses and ranges.
import fc from "../../property.ts";
import { describe, expect, it } from "vitest";
import { cidrContains, networkOf, parseAddress, parseCidr } from "../../../src/kernel/cidr.ts";

const inside = (range: string, address: string): boolean => {
  const [cidr, bytes] = [parseCidr(range), parseAddress(address)];
  if (cidr === null || bytes === null) throw new Error("the test's own input is no address");
  return cidrContains(cidr, bytes);
};

describe("the network of an address", () => {
  it.each([
    ["203.0.113.9", "203.0.113.9"],
    ["::ffff:203.0.113.9", "203.0.113.9"],
    ["2001:db8:0:1::1", "20010db800000001/64"],
    ["2001:DB8:0:1:ffff:ffff:ffff:ffff", "20010db800000001/64"],
    ["2001:db8:0:2::1", "20010db800000002/64"],
    ["local", "local"],
  ])("of %s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe("ranges of addresses", () => {
  it.each([
    ["192.0.2.0/24", "192.0.2.255", true],
    ["192.0.2.0/24", "192.0.3.0", false],
    ["192.0.2.128/25", "192.0.2.127", false],
    ["192.0.2.9", "192.0.2.9", true],
    ["192.0.2.9", "192.0.2.8", false],
    ["0.0.0.0/0", "203.0.113.1", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["10.0.0.0/7", "11.255.255.255", true],
    ["10.0.0.0/7", "12.0.0.0", false],
    ["2001:db8::/32", "2001:db8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::", false],
    ["2001:DB8::1", "2001:db8:0:0:0:0:0:1", true],
    ["::/0", "2001:db8::1", true],
    ["::/0", "192.0.2.1", true],
    ["192.0.2.0/24", "::ffff:192.0.2.1", true],
    ["192.0.2.0/24", "::ffff:c000:201", true],
    ["::ffff:192.0.2.0/120", "192.0.2.1", true],
    ["::ffff:192.0.2.0/120", "192.0.3.1", false],
    ["fe80::/10", "febf::1", true],
    ["fe80::/10", "fec0::1", false],
  ])("%s holds %s: %s", (range, address, expected) => {
    expect(inside(range, address)).toBe(expected);
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "01.2.3.4",
    "1.2.3.4/33",
    "1.2.3.4/-1",
    "1.2.3.4/",
    "1.2.3.4/8/8",
    "::1/129",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "g::",
    "1.2.3.4::",
    "fe80::1%eth0",
    "localhost",
  ])("%s is none", (text) => {
    expect(parseCidr(text)).toBeNull();
  });

  it("contain exactly the addresses with the same leading bits", () => {
    const v4 = fc.ipV4();
    fc.assert(
      fc.property(v4, v4, fc.integer({ min: 0, max: 32 }), (a, b, prefix) => {
        const number = (text: string): bigint => text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
        const shift = BigInt(32 - prefix);
        expect(inside(`${a}/${prefix}`, b)).toBe(number(a) >> shift === number(b) >> shift);
        expect(inside(`${a}/${prefix}`, `::ffff:${b}`)).toBe(inside(`${a}/${prefix}`, b));
      }),
    );
    fc.assert(fc.property(fc.ipV6(), (address) => inside(address, address)));
    fc.assert(fc.property(fc.string(), (text) => void parseCidr(text)));
  });
});
