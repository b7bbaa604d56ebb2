import { describe, expect, it } from "vitest";
import { REFUSAL_LINES_PER_MINUTE } from "../../../src/config/limits.ts";
import { RefusalLog } from "../../../src/ingest/refusal-log.ts";

function createLog() {
  const lines: [string, object][] = [];
  let time = 0;
  const log = new RefusalLog({ now: () => time, info: (message, fields) => void lines.push([message, fields]) });
  return { log, lines, advance: (ms: number) => void (time += ms) };
}

describe("the log of refused requests", () => {
  it("has a line for each up to a bound, and one line for the rest of the minute", () => {
    const { log, lines, advance } = createLog();
    for (let n = 0; n < REFUSAL_LINES_PER_MINUTE + 40; n++) log.add("verification_failed", { source: "shop" });
    expect(lines).toHaveLength(REFUSAL_LINES_PER_MINUTE);
    advance(60_000);
    log.add("body_too_large", { source: "shop" });
    expect(lines.slice(-2)).toEqual([
      ["refused without a line each", { verification_failed: 40 }],
      ["refused", { reason: "body_too_large", source: "shop" }],
    ]);
  });

  it("has no line for an unknown address, only their number", () => {
    const { log, lines, advance } = createLog();
    for (let n = 0; n < 1_000; n++) log.add("unknown_source", {});
    expect(lines).toEqual([]);
    advance(60_000);
    log.add("unknown_source", {});
    expect(lines).toEqual([["refused without a line each", { unknown_source: 1_000 }]]);
  });
});
