// The rows of `npm run simulate` that take a second or two each. The others run there.
import { describe, expect, it } from "vitest";
import { MUST_HOLD } from "../../simulation/must-hold.ts";
import { simulate } from "../../simulation/simulate.ts";

const QUICK =
  /^(one healthy.* 1000 ms|healthy .* beside (1|6|20) |the same|a gate that takes|pace 100.* (100|190|1000) ms|pace (20|1)\/|concurrency|D1 away 4 min)/;
const rows = MUST_HOLD.filter(({ title }) => QUICK.test(title));

describe("under stress", () => {
  it.each(rows.map((row) => [row.title, row] as const))(
    "%s: holds [G4] [G5] [G7]",
    async (_title, { scenario, judge }) => {
      expect(judge(await simulate(scenario)).filter(({ holds }) => !holds)).toEqual([]);
    },
  );

  it("is not measured by a handful of rows", () => {
    expect(rows).toHaveLength(13);
  });
});
