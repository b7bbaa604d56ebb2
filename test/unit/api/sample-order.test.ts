import { describe, expect, it } from "vitest";
import { orderedSample } from "../../../src/api/sample-order.ts";
import { Problem } from "../../../src/model/problem.ts";

const moment = { id: "abcdefghijklmnop", now: Date.UTC(2026, 0, 31) };
const order = (input: unknown, verified = "stripe") => orderedSample(input, verified, moment);

/** The field that is refused, and why. */
function refusal(input: unknown, verified?: string): string {
  try {
    order(input, verified);
  } catch (error) {
    if (error instanceof Problem) return error.errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join();
  }
  return "";
}

describe("the sample that a test of a source sends", () => {
  it("is of the provider that the source verifies, or of the one that is named where it verifies none by name", () => {
    expect(order({})).toEqual(order({ provider: "stripe" }));
    expect(order({ type: "invoice.paid" }).body).toMatchObject({ type: "invoice.paid", object: "event" });
    expect(order({ provider: "github" }, "none").headers).toHaveProperty("x-github-event");
    expect(order({ provider: "stripe" }, "hmac")).toEqual(order({}));
    expect(order({}, "hmac").body).toMatchObject({ type: "sample.created" });
  });

  it("has the body that is given, and the provider's headers", () => {
    const { body, headers } = order({ provider: "github", type: "push", body: { ref: "main" } }, "none");
    expect([body, headers]).toEqual([{ ref: "main" }, expect.objectContaining({ "x-github-event": "push" })]);
  });

  it.each([
    [{ provider: "github" }, "stripe", "/provider must be stripe, which is what the source verifies"],
    [{ provider: "strip" }, "none", "/provider is not a provider that Sluice knows"],
    [{ type: "invoice.pain" }, "stripe", "/type must be one of "],
    [{ type: "__proto__" }, "stripe", "/type must be one of "],
    [{ colour: 1 }, "stripe", "/colour "],
    [{ body: [1] }, "stripe", "/body must be an object, as the provider sends"],
    [{ body: null }, "stripe", "/body must be an object"],
    [{ body: "text" }, "stripe", "/body must be an object"],
    [{ body: { a: 1 } }, "twilio", "/body must be an object of texts"],
    [{ body: {} }, "adyen", "/body cannot be given: the provider signs within it"],
    [{ body: {} }, "microsoft_graph", "/body cannot be given"],
  ])("is refused for %j at a source of type %s", (input, verified, words) => {
    expect(refusal(input, verified)).toContain(words);
  });
});
