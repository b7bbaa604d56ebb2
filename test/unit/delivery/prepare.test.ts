import { describe, expect, it } from "vitest";
import { prepare, type PreparePorts } from "../../../src/delivery/attempt/prepare.ts";
import { showRequest } from "../../../src/delivery/attempt/shown-request.ts";
import { decodeUtf8, utf8 } from "../../../src/kernel/bytes.ts";
import { err, ok } from "../../../src/kernel/result.ts";
import type { Delivery } from "../../../src/model/delivery.ts";
import { destinationSpecSchema, type Destination } from "../../../src/model/destination.ts";
import type { SluiceEvent } from "../../../src/model/event.ts";
import type { Job, Sending } from "../../../src/delivery/types.ts";

const sending = (destination: Record<string, unknown> = {}, event: Partial<SluiceEvent> = {}): Sending => ({
  event: {
    id: "evt_1" as SluiceEvent["id"],
    source_id: null,
    received_at: 0,
    method: "POST",
    path: "",
    query: "",
    headers: [["host", "sluice.example.com"]],
    body: { kind: "inline", bytes: new Uint8Array() },
    body_bytes: 0,
    verified: null,
    ...event,
  },
  delivery: { id: "dlv_1", attempts_made: 0 } as Delivery,
  destination: {
    ...destinationSpecSchema.parse({ name: "d", slug: "d", url: "https://api.example.com/", ...destination }),
    id: "dst_1" as Destination["id"],
    paused: false,
  },
  sourceSlug: null,
});
const never = () => Promise.reject(new Error("not needed"));
const ports = (change: Partial<PreparePorts["urls"]> = {}): PreparePorts => ({
  openSecrets: never,
  readStored: never,
  callbackSecrets: never,
  readBody: never,
  accessToken: never,
  certificate: () => null,
  now: () => 0,
  random: () => 0,
  urls: { allowPrivate: false, resolve: async () => ok(["1.1.1.1"]), ...change },
});
const called = async (given: Sending, with_ = ports()) => {
  const prepared = await prepare(given, 0, with_);
  return prepared.ok ? prepared.value.headers.find(([name]) => name === "sluice-url")?.[1] : prepared.error;
};
const codeOf = async (given: Sending, with_ = ports()) => {
  const prepared = await prepare(given, 0, with_);
  return prepared.ok ? null : prepared.error.kind === "failed" ? prepared.error.error : prepared.error.kind;
};

describe("preparing a request", () => {
  it("accepts a safe request within the limits", async () => {
    expect(await codeOf(sending())).toBeNull();
  });

  it("checks addresses and names again before each request [G10]", async () => {
    expect(await codeOf(sending({ url: "https://10.0.0.1/" }))).toBe("blocked_address");
    expect(await codeOf(sending({ url: "http://api.example.com/" }))).toBe("blocked_address");
    expect(await codeOf(sending(), ports({ resolve: async () => ok(["127.0.0.1"]) }))).toBe("blocked_address");
    expect(await codeOf(sending(), ports({ resolve: async () => err("not_found") }))).toBe("dns");
  });

  it("puts the delivery off while no resolver answers, and fails the attempt when one says that the name does not exist [G11]", async () => {
    expect(await codeOf(sending(), ports({ resolve: async () => err("unavailable") }))).toBe("put_off");
    expect(await codeOf(sending(), ports({ resolve: async () => err("failed") }))).toBe("dns");
  });

  it("refuses Sluice's own hosts: the one the event came to, and those configured [G10]", async () => {
    expect(await codeOf(sending({ url: "https://sluice.example.com/in/x" }))).toBe("loop");
    expect(await codeOf(sending({ url: "https://two.example.com/" }), ports({ ownHosts: ["two.example.com"] }))).toBe(
      "loop",
    );
  });

  it("ends with too_large what the platform would not send", async () => {
    expect(await codeOf(sending({}, { query: `?${"a".repeat(17_000)}` }))).toBe("too_large");
    const headers = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x-${i}`, "v".repeat(4_000)]));
    expect(await codeOf(sending({ headers }))).toBe("too_large");
  });

  it("names no secret of the URL in its errors", async () => {
    const prepared = await prepare(sending({ url: "https://10.0.0.1/?key=hidden" }), 0, ports());
    expect(prepared).toMatchObject({ ok: false, error: { detail: expect.not.stringContaining("hidden") } });
  });
});

describe("sluice-url", () => {
  const received = (event: Partial<SluiceEvent> = {}): Sending => ({
    ...sending({ path_forwarding: false }, { path: "/sms%2F1", query: "?a=1&b=%20", ...event }),
    sourceSlug: "twilio",
  });

  it("is the URL that the sender called, to the byte", async () => {
    expect(await called(received())).toBe("https://sluice.example.com/in/twilio/sms%2F1?a=1&b=%20");
    expect(await called(received({ query: "?" }))).toBe("https://sluice.example.com/in/twilio/sms%2F1?");
  });

  it("has the scheme that Cloudflare names, and plain http in development", async () => {
    const host = ["host", "localhost:8787"] as const;
    const http = received({ headers: [host, ["x-forwarded-proto", "http"]] });
    expect(await called(http)).toBe("http://localhost:8787/in/twilio/sms%2F1?a=1&b=%20");
    const local = ports({ allowPrivate: true });
    expect(await called(received({ headers: [host] }), local)).toBe(
      "http://localhost:8787/in/twilio/sms%2F1?a=1&b=%20",
    );
  });

  it("is the sender's even if a transform changes path, query and host", async () => {
    const transform = { path: "/x", query: { set: { a: "2" } }, headers: { set: { "x-forwarded-proto": "http" } } };
    const connection = { transform } as unknown as NonNullable<Sending["connection"]>;
    expect(await called({ ...received(), connection })).toBe("https://sluice.example.com/in/twilio/sms%2F1?a=1&b=%20");
  });

  it.each([
    ["a published event", { ...received(), event: { ...received().event, options: {} } }],
    ["a batch", { ...received(), batchSize: 2 }],
    ["a URL that is too long for a header", received({ query: `?${"a".repeat(5_000)}` })],
    ["an event without a source", sending()],
  ])("is not sent with %s", async (_name, given) => {
    expect(await called(given)).toBeUndefined();
  });
});

describe("the request of an attempt as it is shown", () => {
  const text = (value: string) => ({ kind: "inline", bytes: utf8(value) }) as const;
  const show = async (destination: Record<string, unknown>, event: Partial<SluiceEvent> = {}, transform?: object) => {
    const given = sending(destination, { body: text(`{"a":1}`), body_bytes: 7, ...event });
    const connection = (transform === undefined ? null : { transform }) as Job["connection"];
    const shown = await showRequest({ ...given, connection }, 1_700_000_000_000, {
      readBody: never,
      now: () => 0,
      random: () => 0,
      rules: { allowPrivate: false },
    });
    if (!shown.ok) throw new Error(JSON.stringify(shown.error));
    const headers = Object.fromEntries(shown.value.headers);
    return {
      ...shown.value,
      headers,
      body: shown.value.body?.kind === "inline" ? decodeUtf8(shown.value.body.bytes) : null,
    };
  };
  const sealed = { sealed: "v1.00000000.x" };
  const SIGNED = { type: "standard_webhooks", secrets: [sealed] };

  it("has what an attempt of that time sends: URL, number, time, and the body as received", async () => {
    const shown = await show(
      { url: "https://api.example.com/hooks?key=1", path_forwarding: true },
      { path: "/x", query: "?b=2" },
    );
    expect(shown).toMatchObject({
      method: "POST",
      url: "https://api.example.com/hooks/x?key=1&b=2",
      isAsReceived: true,
      body: `{"a":1}`,
      masked: [],
    });
    expect(shown.headers).toMatchObject({ "sluice-attempt": "1", "webhook-timestamp": "1700000000" });
  });

  it("has what the transform makes of the event", async () => {
    const shown = await show(
      {},
      { headers: [["content-type", "application/json"]] },
      { body: `{ "b": a }`, headers: { set: { "x-k": "v" } } },
    );
    expect([shown.body, shown.headers["x-k"], shown.isAsReceived]).toEqual([`{"b":1}`, "v", false]);
  });

  it.each([
    [{ type: "bearer", token: sealed }, { authorization: "Bearer [redacted]" }],
    [{ type: "basic", username: "u", password: sealed }, { authorization: "Basic [redacted]" }],
    [{ type: "api_key", name: "x-api-key", value: sealed, in: "header" }, { "x-api-key": "[redacted]" }],
    [{ type: "hmac", header: "x-sig", secret: sealed, secret_encoding: "base64" }, { "x-sig": "[redacted]" }],
    [
      { type: "oauth2_client_credentials", token_url: "https://a.example/t", client_id: "c", client_secret: sealed },
      { authorization: "Bearer [redacted]" },
    ],
    [
      { type: "aws_sigv4", access_key_id: "AKIA", secret_access_key: sealed, region: "eu-west-1", service: "sqs" },
      { authorization: "[redacted]" },
    ],
  ])("masks what is made with a secret, and opens none: %o [G8]", async (auth, headers) => {
    const shown = await show({ auth, signing: SIGNED });
    expect(shown.headers).toMatchObject({ ...headers, "webhook-signature": "[redacted]", "webhook-id": "evt_1" });
    expect(shown.masked).toContain(Object.keys(headers)[0]);
  });

  it("masks a key in the URL, and a credential that the source passes on, wherever a transform puts it [G8]", async () => {
    expect((await show({ auth: { type: "api_key", name: "k", value: sealed, in: "query" } })).url).toBe(
      "https://api.example.com/?k=[redacted]",
    );
    const shown = await show(
      {},
      { headers: [["x-token", "secret-of-sender"]], options: { credentials: { headers: ["x-token"], query: [] } } },
      { headers: { set: { "x-copy": "{{headers.x-token}}" } } },
    );
    expect([shown.headers["x-token"], shown.headers["x-copy"]]).toEqual(["[redacted]", "[redacted]"]);
  });

  it("of a batch has the one event in it, and of a broker its address", async () => {
    const batch = await show({ batch: {} });
    expect(JSON.parse(batch.body ?? "")).toMatchObject([{ id: "evt_1", body: `{"a":1}` }]);
    expect(batch.isAsReceived).toBe(false);
    const message = await show({
      type: "sqs",
      url: "https://sqs.eu-west-1.amazonaws.com/1/q",
      auth: { type: "aws_sigv4", access_key_id: "a", secret_access_key: sealed, region: "eu-west-1" },
    });
    expect([message.url, message.message]).toEqual([null, { address: expect.any(String), key: null }]);
  });
});
