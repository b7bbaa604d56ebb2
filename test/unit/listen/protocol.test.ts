import { describe, expect, it } from "vitest";
import { readFromListener } from "../../../src/listen/protocol.ts";

const read = (message: unknown) => readFromListener(JSON.stringify(message));
const response = { type: "response", id: 7, status: 201, headers: [["x-a", "1"]], body_base64: "b2s=" };

describe("what a listener sends", () => {
  it("is a response, a failure or a confirmation, each with the number of its request", () => {
    expect(read(response)).toEqual({
      id: 7,
      reply: { kind: "response", status: 201, headers: [["x-a", "1"]], body: new TextEncoder().encode("ok") },
    });
    expect(read({ type: "failure", id: 8, error: "connect_refused", detail: "x".repeat(900) })).toEqual({
      id: 8,
      reply: { kind: "failure", error: "connect_refused", detail: "x".repeat(500) },
    });
    expect(read({ type: "received", id: 9 })).toEqual({ id: 9, reply: "received" });
  });

  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no number", JSON.stringify({ ...response, id: "7" })],
    ["an unknown type", JSON.stringify({ ...response, type: "request" })],
    ["a status that is none", JSON.stringify({ ...response, status: 99 })],
    ["half a status", JSON.stringify({ ...response, status: 200.5 })],
    ["headers that are no pairs", JSON.stringify({ ...response, headers: [["x-a"]] })],
    ["headers that are no texts", JSON.stringify({ ...response, headers: [["x-a", 1]] })],
    ["too many headers", JSON.stringify({ ...response, headers: Array.from({ length: 201 }, () => ["a", "b"]) })],
    ["a body that is no base64", JSON.stringify({ ...response, body_base64: "*" })],
    ["an error that Sluice does not know", JSON.stringify({ type: "failure", id: 1, error: "odd", detail: "" })],
  ])("is refused with %s", (_what, text) => {
    expect(readFromListener(text)).toBeNull();
  });
});
