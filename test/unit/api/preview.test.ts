// What another filter or transform does to one event.
import { describe, expect, it } from "vitest";
import { compare, secondsAt, type Way } from "../../../src/api/preview.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import type { EventId } from "../../../src/model/ids.ts";
import type { Transform } from "../../../src/model/transform.ts";
import { compileFilter, compileTransform } from "../../../src/routing/index.ts";

function way(filter: object | null, transform: Transform | null): Way {
  const filtered = filter === null ? null : compileFilter(filter, true);
  const transformed = transform === null ? null : compileTransform(transform);
  if (filtered?.ok === false || transformed?.ok === false) throw new Error("does not compile");
  return { filter: filtered?.value ?? null, transform: transformed?.value ?? null };
}
const bytes = utf8('{"type":"paid","id":7,"big":12345678901234567890}');
const SUBJECT = {
  event: {
    id: `evt_${"0".repeat(32)}` as EventId,
    source_id: null,
    received_at: 0,
    method: "POST" as const,
    path: "",
    query: "",
    headers: [["content-type", "application/json"] as const],
    body: { kind: "inline" as const, bytes },
    body_bytes: bytes.byteLength,
    verified: null,
  },
  body: bytes,
  sourceSlug: "shop",
};
const PAID = { body: { type: "paid" } };
const OPEN = { body: { type: "open" } };
const run = (present: Way, wanted: Way) => compare(SUBJECT, present, wanted, null, 0);

describe("a preview of one event", () => {
  it("says whether it matches now and before, and which clause fails", () => {
    expect(run(way(null, null), way(PAID, null)).outcome).toBe("same");
    expect(run(way(null, null), way(OPEN, null))).toMatchObject({
      outcome: "no_longer_matches",
      before: { matched: true, failed_clause: null },
      now: { matched: false, failed_clause: 'body.type: expected "open", got "paid"' },
    });
    expect(run(way(OPEN, null), way(null, null)).outcome).toBe("now_matches");
    expect(run(way(OPEN, null), way(OPEN, { path: "/x" })).outcome).toBe("same");
  });

  it("shows how the request changes, line by line and digit by digit", () => {
    const changed = run(way(null, null), way(null, { headers: { set: { "x-id": "{{body.id}}" } } }));
    expect(changed.outcome).toBe("changed");
    expect(changed.diff.filter(({ op }) => op !== "same")).toEqual([{ op: "added", text: "x-id: 7" }]);
    const body = run(way(null, null), way(null, { body: "{ 'id': id, 'big': big }" }));
    expect(body.diff.map(({ op, text }) => `${op} ${text}`)).toEqual(
      expect.arrayContaining(['removed   "type": "paid",', 'same   "big": 12345678901234567890']),
    );
  });

  it("names the failure of the new transform, and calls a mended one a change", () => {
    const broken = way(null, { path: "/{{body.missing}}" });
    const failed = run(way(null, null), broken);
    expect(failed.outcome).toBe("failed");
    expect(failed.now.error).toMatch(/missing/);
    expect(run(broken, way(null, { path: "/{{body.id}}" })).outcome).toBe("changed");
  });

  it("gives both ways the same chance and time, so that these change nothing", () => {
    const random = way(null, { body: "{ 'r': $random(), 'at': $now() }" });
    expect(run(random, way(null, { body: "{ 'r': $random(), 'at': $now() }" })).outcome).toBe("same");
  });

  it("cuts long differences", () => {
    const long = way(null, { body: "[1..200]" });
    const { diff, diff_cut } = run(way(null, null), long);
    expect([diff.length, diff_cut]).toEqual([60, true]);
    expect(run(way(null, null), way(null, { body: "[1..3]" })).diff_cut).toBe(false);
  });
});

it("a backlog takes as long as its pace says", () => {
  expect(secondsAt(120, { limit: 10, period_seconds: 1 })).toBe(12);
  expect(secondsAt(7, { limit: 30, period_seconds: 60 })).toBe(14);
  expect(secondsAt(7, null)).toBeNull();
});
