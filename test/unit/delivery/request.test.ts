import { describe, expect, it } from "vitest";
import { buildRequest, targetUrl } from "../../../src/delivery/attempt/request.ts";
import type { Delivery } from "../../../src/model/delivery.ts";
import { httpSpecSchema, type HttpDestination } from "../../../src/model/destination.ts";
import type { SluiceEvent } from "../../../src/model/event.ts";

const destination = (given: Record<string, unknown> = {}): HttpDestination => ({
  ...httpSpecSchema.parse({ name: "d", slug: "d", url: "https://api.test/base/?key=1", ...given }),
  id: "dst_1" as HttpDestination["id"],
  paused: false,
});
const event = (given: Partial<SluiceEvent> = {}): SluiceEvent => ({
  id: "evt_1" as SluiceEvent["id"],
  source_id: null,
  received_at: 0,
  method: "PUT",
  path: "/a%2Fb/c",
  query: "?x=%20&y",
  headers: [
    ["Content-Type", "text/xml"],
    ["X-Own", "1"],
    ["Connection", "close, X-Hop"],
    ["X-Hop", "2"],
    ["Transfer-Encoding", "chunked"],
    ["Host", "edge.test"],
  ],
  body: { kind: "inline", bytes: new Uint8Array([0, 255]) },
  body_bytes: 2,
  verified: null,
  ...given,
});
const delivery = { id: "dlv_1", attempts_made: 2 } as Delivery;
const build = (given: Record<string, unknown> = {}, change: Partial<SluiceEvent> = {}) =>
  buildRequest(
    { event: event(change), delivery, destination: destination(given), sourceSlug: "src" },
    1_700_000_000_999,
    null,
  );

describe("the outbound request", () => {
  it("carries method, sub-path, query, content type and body as received [G6]", () => {
    const request = build();
    expect(request.method).toBe("PUT");
    expect(request.url).toBe("https://api.test/base/a%2Fb/c?key=1&x=%20&y");
    expect(request.body).toEqual({ kind: "inline", bytes: new Uint8Array([0, 255]) });
    expect(request.headers).toContainEqual(["Content-Type", "text/xml"]);
  });

  it("drops hop-by-hop headers and those the connection header names [G6]", () => {
    const names = build().headers.map(([name]) => name.toLowerCase());
    for (const gone of ["connection", "x-hop", "transfer-encoding", "host"]) expect(names).not.toContain(gone);
    expect(names).toContain("x-own");
  });

  it("names the delivery, the attempt and the event, with the same event id every time [G3]", () => {
    expect(Object.fromEntries(build().headers)).toMatchObject({
      "webhook-id": "evt_1",
      "webhook-timestamp": "1700000000",
      "sluice-event-id": "evt_1",
      "sluice-delivery-id": "dlv_1",
      "sluice-attempt": "3",
      "sluice-source": "src",
      "idempotency-key": "dlv_1",
    });
  });

  it("names the type of the event where it has one, in ASCII, and never a publisher's own", () => {
    const typeIn = (change: Partial<SluiceEvent>) =>
      build({}, change).headers.filter(([name]) => name.toLowerCase() === "sluice-event-type");
    expect(typeIn({ event_type: "order.paid" })).toEqual([["sluice-event-type", "order.paid"]]);
    expect(typeIn({ event_type: "Bestellung größer" })).toEqual([["sluice-event-type", "Bestellung gr%C3%B6%C3%9Fer"]]);
    for (const event_type of [null, undefined])
      expect(typeIn({ ...(event_type === null ? { event_type } : {}), headers: [["Sluice-Event-Type", "x"]] })).toEqual(
        [],
      );
    expect(typeIn({ event_type: "a", headers: [["Sluice-Event-Type", "x"]] })).toEqual([["sluice-event-type", "a"]]);
  });

  it("carries no sluice-* of a publisher's own: its names are known, and its count of hops is ours", () => {
    const forged = ["Sluice-Url", "Sluice-Batch-Size", "Sluice-Source", "sluice-other"].map(
      (name) => [name, "x"] as const,
    );
    const names = build({}, { headers: [...forged, ["Sluice-Hops", "3"]] }).headers.map(([name]) => name);
    expect(names.filter((name) => /^sluice-/i.test(name)).sort()).toEqual(
      ["attempt", "delivery-id", "event-id", "hops", "source"].map((name) => `sluice-${name}`),
    );
  });

  const triple: SluiceEvent["headers"] = [
    ["Webhook-Id", "msg_1"],
    ["Webhook-Timestamp", "1600000000"],
    ["Webhook-Signature", "v1,c2ln"],
  ];
  const named = (headers: SluiceEvent["headers"], pattern: RegExp) => headers.filter(([name]) => pattern.test(name));

  it("carries a sender's complete Standard Webhooks triple unchanged if the destination signs nothing", () => {
    const { headers } = build({}, { headers: triple });
    expect(named(headers, /^webhook-/i)).toEqual(triple);
    expect(headers).toContainEqual(["sluice-event-id", "evt_1"]);
  });

  it.each([0, 1, 2])(
    "names the event in webhook-id if the sender's triple is incomplete: without header %i",
    (gone) => {
      const { headers } = build({}, { headers: triple.filter((_, index) => index !== gone) });
      expect(named(headers, /^webhook-(id|timestamp)$/i)).toEqual([
        ["webhook-id", "evt_1"],
        ["webhook-timestamp", "1700000000"],
      ]);
    },
  );

  it("names the event in webhook-id if the destination signs", () => {
    const signing = { type: "standard_webhooks", secrets: [{ secret: "SIGNING" }] };
    const { headers } = build({ signing }, { headers: triple });
    expect(named(headers, /^webhook-(id|timestamp)$/i)).toEqual([
      ["webhook-id", "evt_1"],
      ["webhook-timestamp", "1700000000"],
    ]);
  });

  it("carries the sender's idempotency-key, unless the destination's headers have one", () => {
    const headers: SluiceEvent["headers"] = [["Idempotency-Key", "order-7"]];
    const key = /^idempotency-key$/i;
    expect(named(build({}, { headers }).headers, key)).toEqual(headers);
    expect(named(build({ headers: { "idempotency-key": "{{event.id}}" } }, { headers }).headers, key)).toEqual([
      ["idempotency-key", "evt_1"],
    ]);
  });

  it("lets the destination's own headers and method win over the sender's", () => {
    const request = build({ headers: { "x-own": "ours" }, method: "POST" });
    expect(request.headers.filter(([name]) => name.toLowerCase() === "x-own")).toEqual([["x-own", "ours"]]);
    expect(request.method).toBe("POST");
  });

  it("leaves out the sub-path when forwarding is off", () => {
    expect(targetUrl(destination({ path_forwarding: false }), event())).toBe("https://api.test/base/?key=1&x=%20&y");
  });

  it.each([
    ["/../../admin", "/base/admin"],
    ["/%2e%2e/%2E%2E/admin", "/base/admin"],
    ["/a/..\\..\\..\\admin", "/base/admin"],
    ["/..", "/base/"],
    ["//evil.test/a", "/base//evil.test/a"],
    ["/@evil.test:80", "/base/@evil.test:80"],
    ["/..%2fadmin", "/base/..%2fadmin"],
  ])("never leaves the destination's path: %s [G10]", (path, expected) => {
    expect(targetUrl(destination({ url: "https://api.test/base" }), event({ path, query: "" }))).toBe(
      `https://api.test${expected}`,
    );
  });

  it("keeps an empty query, and puts any query behind the destination's own [G6]", () => {
    const to = (url: string, query: string): string =>
      targetUrl(destination({ url, path_forwarding: false }), event({ query }));
    expect(to("https://api.test/a", "?")).toBe("https://api.test/a?");
    expect(to("https://api.test/a?", "?x")).toBe("https://api.test/a?x");
    expect(to("https://api.test/a?k=1", "?x=%20+")).toBe("https://api.test/a?k=1&x=%20+");
    expect(to("https://api.test/a?k=1", "")).toBe("https://api.test/a?k=1");
  });

  it("sends no body with GET", () => {
    expect(build({}, { method: "GET" }).body).toBeNull();
  });
});
