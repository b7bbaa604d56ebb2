// The whole of Sluice as a user runs it: `npm start` and `npm run demo`, with a `kill -9` in between.
import { expect, it } from "vitest";
import { crashInTheMiddle } from "../../scripts/crash-test.ts";

it("finishes the job after kill -9 in the middle of the demo [G1] [G2]", async () => {
  const report = await crashInTheMiddle(() => {});
  expect(report.killedAt).toBeGreaterThan(0);
  expect(report.demoExitCode, report.output).toBe(0);
});
