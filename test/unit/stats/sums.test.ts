import { describe, expect, it } from "vitest";
import { Adder, NO_SUMS, type Sums } from "../../../src/stats/sums.ts";

const plain = ({ overall, groups }: Sums) => ({
  overall: Object.fromEntries(overall),
  groups: Object.fromEntries([...groups].map(([group, sums]) => [group, Object.fromEntries(sums)])),
});

describe("adding counts up", () => {
  it("sums them by bucket and group, and counts without a group overall only", () => {
    const adder = new Adder(NO_SUMS);
    adder.add("a", 0, { made: 1, l3: 2 });
    adder.add("a", 0, { made: 2 });
    adder.add("b", 60, { made: 4 });
    adder.add(null, 60, { accepted: 8 });
    expect(plain(adder.sums())).toEqual({
      overall: { 0: { made: 3, l3: 2 }, 60: { made: 4, accepted: 8 } },
      groups: { a: { 0: { made: 3, l3: 2 } }, b: { 60: { made: 4 } } },
    });
  });

  it("leaves the sums it started from unchanged", () => {
    const first = new Adder(NO_SUMS);
    first.add("a", 0, { made: 1 });
    const before = first.sums();
    const kept = structuredClone(plain(before));
    const second = new Adder(before);
    second.add("a", 0, { made: 1 });
    second.add("a", 60, { made: 1 });
    second.add("b", 0, { made: 1 });
    expect(plain(before)).toEqual(kept);
    expect(plain(second.sums()).groups).toEqual({ a: { 0: { made: 2 }, 60: { made: 1 } }, b: { 0: { made: 1 } } });
  });
});
