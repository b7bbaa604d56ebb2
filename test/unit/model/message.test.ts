import { describe, expect, it } from "vitest";
import { parseMessage } from "../../../src/model/message.ts";

const id = `dlv_${"0".repeat(42)}`;

describe("a message of the queue", () => {
  it("may have fields that a later release has added", () => {
    const message = { v: 1, kind: "due", id, order_key: "k" };
    expect(parseMessage(message)).toBe(message);
  });

  it.each([
    ["version", { v: 2, kind: "due", id: "of another form" }],
    ["kind", { v: 1, kind: "merge", ids: [] }],
  ])("of a %s that this release does not know is one of a newer release", (_what, message) => {
    expect(parseMessage(message)).toEqual({ kind: "newer" });
  });

  it.each([
    [null],
    ["text"],
    [{}],
    [{ v: 1 }],
    [{ v: 0, kind: "due", id }],
    [{ v: "2", kind: "due", id }],
    [{ v: 1, kind: "due", id: "evt_1" }],
    [{ v: 1, kind: "event", event: { id } }],
    [{ v: 1, kind: "cancel", of: "source", id: "src_1", after: {} }],
  ])("%j is not of any release", (message) => {
    expect(parseMessage(message)).toBeNull();
  });
});
