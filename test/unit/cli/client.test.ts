// The client is typed by the contract: anything that is not in the contract does not compile. `npm run typecheck` is the other half of this test:
// it fails if an expected type error is missing.
import { describe, expect, expectTypeOf, it } from "vitest";
import { Client } from "../../../cli/client.ts";
import { ofSluice } from "./harness.ts";

function calls() {
  const seen: { url: string; method: string; body: string }[] = [];
  const client = new Client({ origin: "https://sluice.test", token: "t" }, async (input, init) => {
    const request = new Request(input, init);
    seen.push({ url: request.url, method: request.method, body: await request.text() });
    return ofSluice({ data: [], next_cursor: null });
  });
  return { client, seen };
}

describe("the typed client", () => {
  it("sends id, query and body as the operation defines them", async () => {
    const { client, seen } = calls();
    await client.call("GET /events", { query: { status: "dead", limit: 5, cursor: undefined } });
    await client.call("PATCH /destinations/{id}", { id: "a/b", body: { rate_limit: { limit: 5 } } });
    await client.call("POST /destinations/{id}/rotate-secret", { id: "orders" });
    expect(seen).toEqual([
      { method: "GET", url: "https://sluice.test/api/v1/events?status=dead&limit=5", body: "" },
      {
        method: "PATCH",
        url: "https://sluice.test/api/v1/destinations/a%2Fb",
        body: '{"rate_limit":{"limit":5}}',
      },
      { method: "POST", url: "https://sluice.test/api/v1/destinations/orders/rotate-secret", body: "" },
    ]);
  });

  it("gives up a call that is not answered in the time it is given", async () => {
    const silent = new Client(
      { origin: "https://sluice.test", token: "t" },
      (_url, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", reject)),
    );
    await expect(silent.event("evt_1", 1)).rejects.toThrow("Cannot reach Sluice");
  });

  it("types the response", async () => {
    const { client } = calls();
    const page = await client.call("GET /deliveries", {});
    expectTypeOf(page.next_cursor).toEqualTypeOf<string | null>();
    expectTypeOf(page.data[0]?.attempts_made).toEqualTypeOf<number | undefined>();
    expectTypeOf((await client.call("GET /tokens/self", {})).scope).toEqualTypeOf<"read" | "write" | "admin">();
    const { target } = await client.call("GET /alerts/{id}", { id: "a" });
    if (target?.type === "slack") expectTypeOf(target.host).toEqualTypeOf<string>();
    // @ts-expect-error the response has no such field
    expect(page.colour).toBeUndefined();
    // @ts-expect-error responses never contain secrets
    expect(target?.url).toBeUndefined();
  });

  it("accepts no path, query, field, value or body that is not in the contract", async () => {
    const { client, seen } = calls();
    // @ts-expect-error no such path
    await client.call("GET /evnts", {});
    // @ts-expect-error no such method
    await client.call("PUT /events", {});
    // @ts-expect-error the path needs an id
    await client.call("GET /events/{id}", {});
    // @ts-expect-error the path has no id
    await client.call("GET /events", { id: "evt_1" });
    // @ts-expect-error no such filter
    await client.call("GET /events", { query: { colour: "red" } });
    // @ts-expect-error no such status
    await client.call("GET /events", { query: { status: "lost" } });
    // @ts-expect-error must be a number
    await client.call("GET /events", { query: { limit: "5" } });
    // @ts-expect-error no such field
    await client.call("POST /events", { body: { sourc: "shop" } });
    // @ts-expect-error a field of the wrong type
    await client.call("POST /events", { body: { source: "shop", delay_seconds: "soon" } });
    // @ts-expect-error a destination needs a URL
    await client.call("POST /destinations", { body: { slug: "orders" } });
    // @ts-expect-error a token of this type has no such field
    await client.call("POST /destinations", { body: { url: "https://a.test", auth: { type: "bearer", key: "k" } } });
    // @ts-expect-error the body is required
    await client.call("POST /sources", {});
    // @ts-expect-error the operation has no body
    await client.call("POST /destinations/{id}/pause", { id: "orders", body: {} });
    expect(seen).toHaveLength(13);
  });
});
