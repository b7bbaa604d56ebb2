import { describe, expect, it } from "vitest";
import { destinationHeaders, headerFaults } from "../../../src/delivery/attempt/headers.ts";
import { buildRequest } from "../../../src/delivery/attempt/request.ts";
import type { Delivery } from "../../../src/model/delivery.ts";
import { httpSpecSchema, type HttpDestination } from "../../../src/model/destination.ts";
import type { SluiceEvent } from "../../../src/model/event.ts";
import type { Sending } from "../../../src/delivery/types.ts";

const sending = (
  headers: Record<string, string>,
  event: Partial<SluiceEvent> = {},
): Sending & { readonly destination: HttpDestination } => ({
  event: {
    id: "evt_1" as SluiceEvent["id"],
    source_id: null,
    received_at: Date.UTC(2026, 10, 24),
    method: "POST",
    path: "/orders/a%2Fb",
    query: "?foo=b%20ar&evil=a%0d%0aset-cookie:%20x",
    headers: [["X-Foo", "from the sender"]],
    body: { kind: "inline", bytes: new Uint8Array([1]) },
    body_bytes: 1,
    verified: null,
    ...event,
  },
  delivery: { id: "dlv_1", attempts_made: 2 } as Delivery,
  destination: {
    ...httpSpecSchema.parse({ name: "d", slug: "d", url: "https://api.test/", headers }),
    id: "dst_1" as HttpDestination["id"],
    paused: false,
  },
  sourceSlug: "shop",
});
const filled = (value: string, event: Partial<SluiceEvent> = {}) =>
  destinationHeaders(sending({ "x-made": value }, event))[0]?.[1];

describe("header templates", () => {
  it.each([
    ["plain", "plain"],
    ["{{event.id}}", "evt_1"],
    ["{{event.type}}", ""],
    ["{{ event.received_at }}", "2026-11-24T00:00:00.000Z"],
    ["{{source.slug}}/{{delivery.id}}/{{attempt}}", "shop/dlv_1/3"],
    ["{{path}}", "/orders/a%2Fb"],
    ["{{header.x-foo}}", "from the sender"],
    ["{{header.X-FOO}}", "from the sender"],
    ["{{header.x-none}}", ""],
    ["{{query.foo}}", "b ar"],
    ["{{query.none}}", ""],
    ["a {{query.foo}} c", "a b ar c"],
  ])("make of %j %j", (template, value) => {
    expect(filled(template)).toBe(value);
  });

  it("percent-encode what would break a header", () => {
    expect(filled("{{query.evil}}")).toBe("a%0D%0Aset-cookie: x");
    expect(filled("{{query.x}}", { query: "?x=%00%7f%e4%b8%ad%ff" })).toBe("%00%7F%E4%B8%AD%EF%BF%BD");
    expect(filled("{{event.type}}", { event_type: "caf\u00e9 paid" })).toBe("caf%C3%A9 paid");
    expect(filled("{{header.x-foo}}", { headers: [["x-foo", "caf\u00e9 \ud800"]] })).toBe("caf%C3%A9 %EF%BF%BD");
  });

  it("are filled once: a sender's value is not a template", () => {
    expect(filled("{{query.x}}", { query: "?x={{event.id}}" })).toBe("{{event.id}}");
  });

  it("stay within the length of a header", () => {
    expect(filled("{{query.x}}", { query: `?x=${"a".repeat(9_000)}` })?.length).toBe(4_096);
  });

  it.each(["{{nothing}}", "{{event}}", "{{event.body}}", "{{header.}}", "{{header.a b}}", "{{}}", "{{ event.id"])(
    "refuse %j",
    (value) => {
      expect(headerFaults({ "x-a": value })).toEqual([
        { name: "x-a", detail: expect.stringMatching(/variable|without/) },
      ]);
    },
  );
});

describe("a destination's own headers", () => {
  it.each(["Host", "content-length", "Connection", "transfer-encoding", "te", "webhook-id", "Sluice-Attempt"])(
    "may not be %s",
    (name) => {
      expect(headerFaults({ [name]: "x" })).toHaveLength(1);
      expect(destinationHeaders(sending({ [name]: "x" }))).toEqual([]);
    },
  );

  it("must not be repeated", () => {
    expect(headerFaults({ "x-a": "1", "X-A": "2" })).toEqual([{ name: "X-A", detail: "appears twice" }]);
  });

  it("may replace the idempotency key, which is then sent once", () => {
    const { headers } = buildRequest(sending({ "Idempotency-Key": "{{event.id}}" }), 0, null);
    expect(headers.filter(([name]) => name.toLowerCase() === "idempotency-key")).toEqual([
      ["Idempotency-Key", "evt_1"],
    ]);
  });
});

describe("the count of hops [G10]", () => {
  const hops = (value?: string): string | undefined =>
    buildRequest(sending({}, { headers: value === undefined ? [] : [["sluice-hops", value]] }), 0, null).headers.find(
      ([name]) => name === "sluice-hops",
    )?.[1];

  it("starts with 1 and grows by 1", () => {
    expect([hops(), hops("1"), hops("4"), hops("2, 3")]).toEqual(["1", "2", "5", "4"]);
  });
});
