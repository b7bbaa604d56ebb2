import { describe, expect, it } from "vitest";
import { destinationSpecSchema } from "../../../src/model/destination.ts";
import { specToStore, readSpec } from "../../../src/model/stored-spec.ts";

const spec = destinationSpecSchema.parse({
  name: "Billing",
  slug: "billing",
  url: "https://billing.test/",
  auth: { type: "bearer", token: { secret: "TOKEN" } },
  retry: { strategy: "linear", max_attempts: 3 },
});
/** As a newer release may write it: fields of its own at every level. */
const newer = {
  ...spec,
  order_key: "customer",
  auth: { ...spec.auth, refresh: true },
  retry: { ...spec.retry, jitter: 0.5 },
};

describe("a stored spec", () => {
  it("is read without the fields that only a newer release knows", () => {
    expect(readSpec(destinationSpecSchema, JSON.stringify(newer))).toEqual(spec);
  });

  it("is refused when it has a value that only a newer release knows", () => {
    const stored = { ...newer, auth: { type: "spiffe", id: "x" } };
    expect(() => readSpec(destinationSpecSchema, JSON.stringify(stored))).toThrow("auth");
  });

  it("keeps those fields when it is written", () => {
    const next = { ...spec, name: "Invoices" };
    expect(specToStore(destinationSpecSchema, newer, next)).toEqual({ ...newer, name: "Invoices" });
  });

  it("loses a nested one with a change beside it, which may not go together with it", () => {
    const next = { ...spec, auth: { type: "none" as const } };
    expect(specToStore(destinationSpecSchema, newer, next)).toEqual({ ...newer, auth: { type: "none" } });
  });

  it("gains no default that it did not spell out, so that a release which lacks the field can read it", () => {
    const { adaptive: _adaptive, circuit, ...stored } = spec;
    const { window_seconds: _window, ...olderCircuit } = circuit ?? { window_seconds: 0 };
    const older = { ...stored, circuit: olderCircuit };
    const next = { ...spec, name: "Invoices" };
    expect(specToStore(destinationSpecSchema, older, next)).toEqual({ ...older, name: "Invoices" });
    expect(specToStore(destinationSpecSchema, older, { ...next, adaptive: false })).toMatchObject({ adaptive: false });
  });

  it("gains nothing when this release knows all of its fields", () => {
    const next = { ...spec, name: "Invoices" };
    expect(specToStore(destinationSpecSchema, spec, next)).toEqual(next);
  });
});
