import { expect, it } from "vitest";
import { scaleEnd } from "../../../src/dashboard/components/chart.tsx";

it("ends a scale at the lowest round number that holds the highest bar, with a whole half", () => {
  const ends = [0, 1, 2, 3, 5, 7, 9, 10, 11, 59, 61, 100, 101, 999, 1_001, 4_000_000].map(scaleEnd);
  expect(ends).toEqual([1, 1, 2, 4, 6, 8, 10, 10, 20, 60, 80, 100, 200, 1_000, 2_000, 4_000_000]);
});
