import { expect, it } from "vitest";
import { BoundedMap } from "../../../src/kernel/bounded-map.ts";

it("makes room for a new entry by dropping the one that was set longest ago", () => {
  const map = new BoundedMap<string, number>(2).set("a", 1).set("b", 2).set("a", 3).set("c", 4);
  expect([...map]).toEqual([
    ["a", 3],
    ["c", 4],
  ]);
});

it("drops nothing when an entry is set again", () => {
  const map = new BoundedMap<string, number>(2).set("a", 1).set("b", 2).set("b", 3);
  expect(map.get("a")).toBe(1);
});

it("makes a value once, and again after a failure", async () => {
  const map = new BoundedMap<string, number>(2);
  let made = 0;
  const make = async (): Promise<number> => {
    made += 1;
    if (made === 1) throw new Error("not yet");
    return made;
  };
  await expect(map.getOrMake("a", make)).rejects.toThrow("not yet");
  expect([await map.getOrMake("a", make), await map.getOrMake("a", make)]).toEqual([2, 2]);
});
