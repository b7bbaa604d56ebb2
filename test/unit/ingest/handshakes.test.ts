import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { handshakeInHead } from "../../../src/ingest/handshakes/in-head.ts";
import type { Handshake, HandshakeRequest } from "../../../src/ingest/handshakes/handshake.ts";
import { handshakeInBody } from "../../../src/ingest/handshakes/in-body.ts";

const request = (change: Partial<HandshakeRequest>): HandshakeRequest => ({
  type: "none",
  method: "POST",
  query: "",
  headers: [],
  secrets: ["s3cret"],
  verifyToken: null,
  ...change,
});
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const hmac = (secret: string, text: string, form: "hex" | "base64"): string =>
  createHmac("sha256", secret).update(text).digest(form);

const PAGE = "<script>alert(1)</script>";
const LONG = "x".repeat(5_000);
const LINES = "a\r\nset-cookie: session=1";

const text = (body: string): Handshake => ({
  kind: "answer",
  answer: {
    status: 200,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    },
    body,
  },
});
const jsonAnswer = (handshake: Handshake | null): unknown => {
  if (handshake?.kind !== "answer") return handshake;
  expect(handshake.answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(handshake.answer.headers["x-content-type-options"]).toBe("nosniff");
  return JSON.parse(handshake.answer.body ?? "");
};

interface HeadCase {
  readonly name: string;
  readonly right: Partial<HandshakeRequest>;
  readonly answers: Handshake;
  /** Handshakes that are refused. */
  readonly refused?: readonly Partial<HandshakeRequest>[];
  /** No handshakes: requests like any other. */
  readonly passed: readonly Partial<HandshakeRequest>[];
}

const meta = (token: string | null, challenge: string, mode = "subscribe"): string => {
  const query = new URLSearchParams({ "hub.mode": mode, "hub.challenge": challenge });
  if (token !== null) query.set("hub.verify_token", token);
  return `?${query.toString()}`;
};
const get = (query: string): Partial<HandshakeRequest> => ({ method: "GET", query });

const HEAD_CASES: readonly HeadCase[] = [
  ...["meta", "whatsapp"].map((type) => ({
    name: type,
    right: { type, verifyToken: "meaty", ...get(meta("meaty", "1158201444")) },
    answers: text("1158201444"),
    refused: [
      get(meta("wrong", "1")),
      get(meta(null, "1")),
      get(meta("", "1")),
      { ...get(meta("meaty", "1")), verifyToken: null },
    ],
    passed: [
      get(""),
      get("?hub.mode=subscribe&hub.verify_token=meaty"),
      get(meta("meaty", "1", "unsubscribe")),
      get(meta("meaty", LONG)),
      get(meta("meaty", LINES)),
      { method: "POST" },
      { method: "HEAD" },
    ],
  })),
  {
    name: "microsoft_graph",
    right: {
      type: "microsoft_graph",
      query: "?validationToken=Validation%3A+Testing%20client+reach%C3%A9+%2B%3Cb%3E",
    },
    answers: text("Validation: Testing client reaché +<b>"),
    passed: [
      { query: "" },
      { query: "?validationToken=" },
      { query: `?validationToken=${LONG}` },
      { query: `?validationToken=${encodeURIComponent(LINES)}` },
      { method: "GET" },
    ],
  },
  {
    name: "microsoft_graph, as SharePoint writes it",
    right: { type: "microsoft_graph", query: "?validationtoken=abc" },
    answers: text("abc"),
    passed: [],
  },
  {
    name: "dropbox",
    right: { type: "dropbox", ...get("?challenge=abc123") },
    answers: text("abc123"),
    passed: [
      { method: "POST" },
      get(""),
      get("?challenge="),
      get(`?challenge=${LONG}`),
      get(`?challenge=${encodeURIComponent(LINES)}`),
    ],
  },
  {
    name: "asana",
    right: { type: "asana", secrets: [], headers: [["X-Hook-Secret", "b537207f20cb"]] },
    answers: {
      kind: "learn",
      secret: "b537207f20cb",
      answer: {
        status: 200,
        headers: { "x-hook-secret": "b537207f20cb", "x-content-type-options": "nosniff", "cache-control": "no-store" },
        body: null,
      },
    },
    refused: [
      { secrets: ["another"] },
      { headers: [["x-hook-secret", LONG]] },
      { headers: [["x-hook-secret", LINES]] },
      { headers: [["x-hook-secret", "two words"]] },
      { headers: [["x-hook-secret", ""]] },
    ],
    passed: [{ headers: [] }, { method: "GET" }, { method: "PUT" }],
  },
];

describe.each(HEAD_CASES)("the handshake of $name", ({ right, answers, refused = [], passed }) => {
  it("is answered as the provider demands", async () => {
    expect(await handshakeInHead(request(right))).toEqual(answers);
  });

  it.each(refused)("is refused from an unexpected sender: %j", async (change) => {
    expect(await handshakeInHead(request({ ...right, ...change }))).toMatchObject({ kind: "refuse" });
  });

  it.each(passed)("is not seen in a request that is none: %j", async (change) => {
    expect(await handshakeInHead(request({ ...right, ...change }))).toBeNull();
  });

  it.each(["none", "hmac", "stripe", "toString", "__proto__"])("is not seen by a source of type %s", async (type) => {
    expect(await handshakeInHead(request({ ...right, type }))).toBeNull();
  });
});

describe("echoed text", () => {
  it("is inert even where it is a page", async () => {
    const answer = await handshakeInHead(
      request({ type: "dropbox", ...get(`?challenge=${encodeURIComponent(PAGE)}`) }),
    );
    expect(answer).toEqual(text(PAGE));
  });
});

describe("the handshake of Asana, once the secret is known", () => {
  it("is answered again for the same secret, for an answer that was lost", async () => {
    const answer = await handshakeInHead(
      request({ type: "asana", secrets: ["old", "b53"], headers: [["x-hook-secret", "b53"]] }),
    );
    expect(answer).toMatchObject({ kind: "answer", answer: { headers: { "x-hook-secret": "b53" } } });
  });
});

describe("the CRC of X", () => {
  const ask = (query: string, change: Partial<HandshakeRequest> = {}): Promise<Handshake | null> =>
    handshakeInHead(request({ type: "twitter", ...get(query), ...change }));

  it("is answered with the token's HMAC in base64 under the first secret", async () => {
    expect(jsonAnswer(await ask("?crc_token=MTIzNDU&nonce=9", { secrets: ["key", "old"] }))).toEqual({
      response_token: `sha256=${hmac("key", "MTIzNDU", "base64")}`,
    });
  });

  it.each([
    "",
    "?crc_token=",
    `?crc_token=${LONG}`,
    `?crc_token=${encodeURIComponent('{"tweet_create_events":[]}')}`,
    `?crc_token=${encodeURIComponent("[1]")}`,
    `?crc_token=${encodeURIComponent(PAGE)}`,
    `?crc_token=${encodeURIComponent(LINES)}`,
  ])("signs nothing that could be an event: %s", async (query) => {
    expect(await ask(query)).toBeNull();
  });

  it("needs a GET and a secret", async () => {
    expect(await ask("?crc_token=abc", { method: "POST" })).toBeNull();
    expect(await ask("?crc_token=abc", { secrets: [] })).toBeNull();
    expect(await ask("?crc_token=abc", { type: "stripe" })).toBeNull();
  });
});

describe("the verification of Okta", () => {
  const ask = (value: string, change: Partial<HandshakeRequest> = {}): Promise<Handshake | null> =>
    handshakeInHead(
      request({ type: "okta", method: "GET", headers: [["X-Okta-Verification-Challenge", value]], ...change }),
    );

  it("repeats the header inside JSON, whatever is in it", async () => {
    expect(jsonAnswer(await ask("abc"))).toEqual({ verification: "abc" });
    expect(jsonAnswer(await ask(`"},${PAGE}`))).toEqual({ verification: `"},${PAGE}` });
  });

  it("is not seen without the header, in a POST, with a long or broken header, by another source", async () => {
    expect(await ask("abc", { headers: [] })).toBeNull();
    expect(await ask("abc", { method: "POST" })).toBeNull();
    expect(await ask("")).toBeNull();
    expect(await ask(LONG)).toBeNull();
    expect(await ask(LINES)).toBeNull();
    expect(await ask("abc", { type: "dropbox" })).toBeNull();
  });
});

const SUBSCRIBE = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=a&Token=t";
const sns = (SubscribeURL: unknown): unknown => ({ Type: "SubscriptionConfirmation", SubscribeURL });

interface BodyCase {
  readonly name: string;
  readonly change: Partial<HandshakeRequest>;
  readonly body: unknown;
  readonly answers: Handshake;
  /** Bodies that are no handshake of this provider. */
  readonly passed: readonly unknown[];
}

const inert = { "x-content-type-options": "nosniff", "cache-control": "no-store" };
const BODY_CASES: readonly BodyCase[] = [
  {
    name: "slack",
    change: { type: "slack" },
    body: { token: "t", challenge: "3eZbrw1aBm2rZ", type: "url_verification" },
    answers: text("3eZbrw1aBm2rZ"),
    passed: [
      { challenge: "x", type: "event_callback" },
      { type: "url_verification" },
      { type: "url_verification", challenge: 1 },
      { type: "url_verification", challenge: LONG },
      { type: "url_verification", challenge: LINES },
      { type: "url_verification", challenge: ["x"] },
    ],
  },
  {
    name: "twitch",
    change: { type: "twitch", headers: [["Twitch-Eventsub-Message-Type", "webhook_callback_verification"]] },
    body: { challenge: "pogchamp-kappa-360noscope", subscription: {} },
    answers: text("pogchamp-kappa-360noscope"),
    passed: [{ subscription: {} }, { challenge: LONG }, { challenge: LINES }, { challenge: null }],
  },
  {
    name: "discord, for interactions",
    change: { type: "discord" },
    body: { type: 1, id: "1", application_id: "2" },
    answers: {
      kind: "answer",
      answer: {
        status: 200,
        headers: { "content-type": "application/json; charset=utf-8", ...inert },
        body: '{"type":1}',
      },
    },
    passed: [{ type: 2 }, { type: "1" }, { type: 1, event: { type: "APPLICATION_AUTHORIZED" } }, {}],
  },
  {
    name: "discord, for webhook events",
    change: { type: "discord" },
    body: { version: 1, application_id: "2", type: 0 },
    answers: {
      kind: "answer",
      answer: { status: 204, headers: { "content-type": "application/json", ...inert }, body: null },
    },
    passed: [{ type: "0" }, { type: null }],
  },
  {
    name: "aws_sns",
    change: { type: "aws_sns" },
    body: sns(SUBSCRIBE),
    answers: { kind: "confirm", url: SUBSCRIBE, answer: { status: 200, headers: inert, body: null } },
    passed: [{ Type: "Notification", SubscribeURL: SUBSCRIBE }, { SubscribeURL: SUBSCRIBE }],
  },
  {
    name: "aws_sns, when a subscription ends",
    change: { type: "aws_sns" },
    body: { Type: "UnsubscribeConfirmation", SubscribeURL: SUBSCRIBE },
    answers: { kind: "answer", answer: { status: 200, headers: inert, body: null } },
    passed: [],
  },
];

describe.each(BODY_CASES)("the handshake of $name", ({ change, body, answers, passed }) => {
  it("is answered as the provider demands", async () => {
    expect(await handshakeInBody(request(change), json(body), true)).toEqual(answers);
  });

  it("is not answered when the signature is not right", async () => {
    expect(await handshakeInBody(request(change), json(body), false)).toBeNull();
  });

  it.each(passed)("is not seen in a body that is none: %j", async (other) => {
    expect(await handshakeInBody(request(change), json(other), true)).toBeNull();
  });

  it("is not seen in other methods, by other sources, in broken, long or foreign bodies", async () => {
    const ask = (bytes: Uint8Array, other: Partial<HandshakeRequest> = {}): Promise<Handshake | null> =>
      handshakeInBody(request({ ...change, ...other }), bytes, true);
    expect(await ask(json(body), { method: "PUT" })).toBeNull();
    for (const type of ["none", "stripe", "constructor"]) expect(await ask(json(body), { type })).toBeNull();
    expect(await ask(json({ ...(body as object), more: "x".repeat(20_000) }))).toBeNull();
    expect(await ask(json(body).subarray(1))).toBeNull();
    expect(await ask(json([body]))).toBeNull();
    expect(await ask(json(null))).toBeNull();
    expect(await ask(new Uint8Array([0xff, 0xfe]))).toBeNull();
    expect(await ask(new Uint8Array())).toBeNull();
  });
});

describe("the subscription of AWS SNS", () => {
  it.each([
    "https://sns.cn-north-1.amazonaws.com.cn/?Action=ConfirmSubscription",
    "https://sns.us-gov-west-1.amazonaws.com/?Action=ConfirmSubscription",
    "https://sns.ap-southeast-2.amazonaws.com/?Action=ConfirmSubscription&Token=2",
  ])("is confirmed at %s", async (url) => {
    expect(await handshakeInBody(request({ type: "aws_sns" }), json(sns(url)), true)).toMatchObject({
      kind: "confirm",
      url,
    });
  });

  it.each([
    "http://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
    "https://sns.us-east-1.amazonaws.com.evil.test/?Action=ConfirmSubscription",
    "https://sns.us-east-1.amazonaws.com:8443/?Action=ConfirmSubscription",
    "https://u:p@sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
    "https://evil.test/sns.us-east-1.amazonaws.com?Action=ConfirmSubscription",
    "https://evil.test@169.254.169.254/?Action=ConfirmSubscription",
    "https://xsns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
    "https://sns.evil.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
    "https://s3.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
    "https://sns.us-east-1.amazonaws.com/?Action=Publish",
    `https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&x=${LONG}`,
    "//sns.us-east-1.amazonaws.com",
    "",
    7,
    undefined,
  ])("is refused at %s", async (url) => {
    expect(await handshakeInBody(request({ type: "aws_sns" }), json(sns(url)), true)).toEqual({
      kind: "refuse",
      cause: "subscribe_url",
    });
  });
});

describe("the URL validation of Zoom", () => {
  const body = { event: "endpoint.url_validation", payload: { plainToken: "qgg8vlvZRS6UYooatFL8Aw" } };
  const ask = (secrets: readonly string[], value: unknown = body, signedWith = "", verified = true) =>
    handshakeInBody(
      request({
        type: "zoom",
        secrets,
        headers: [
          ["x-zm-request-timestamp", "17"],
          ["x-zm-signature", `v0=${hmac(signedWith, `v0:17:${JSON.stringify(value)}`, "hex")}`],
        ],
      }),
      json(value),
      verified,
    );

  it("is answered with the token and its HMAC in hexadecimal", async () => {
    expect(jsonAnswer(await ask(["key"]))).toEqual({
      plainToken: "qgg8vlvZRS6UYooatFL8Aw",
      encryptedToken: hmac("key", "qgg8vlvZRS6UYooatFL8Aw", "hex"),
    });
  });

  it("is answered under the secret that signed it while two are in use", async () => {
    expect(jsonAnswer(await ask(["new", "old"], body, "old"))).toMatchObject({
      encryptedToken: hmac("old", "qgg8vlvZRS6UYooatFL8Aw", "hex"),
    });
  });

  it("is not answered unsigned, without a token, with a long or broken one, without a secret", async () => {
    expect(await ask(["key"], body, "", false)).toBeNull();
    expect(await ask(["key"], { event: "endpoint.url_validation" })).toBeNull();
    expect(await ask(["key"], { event: "endpoint.url_validation", payload: { plainToken: LONG } })).toBeNull();
    expect(await ask(["key"], { event: "endpoint.url_validation", payload: { plainToken: LINES } })).toBeNull();
    expect(await ask(["key"], { event: "meeting.started", payload: { plainToken: "x" } })).toBeNull();
    expect(await ask([])).toBeNull();
    expect(await ask(["a", "b"], body, "neither")).toBeNull();
  });
});

describe("the verification token of Notion", () => {
  const ask = (value: unknown, change: Partial<HandshakeRequest> = {}, verified = false) =>
    handshakeInBody(request({ type: "notion", secrets: [], ...change }), json(value), verified);

  it("is learned by a source that has no secret, and repeated nowhere", async () => {
    const answer = await ask({ verification_token: "secret_tMrlL1qK5vuQAh" });
    expect(answer).toMatchObject({ kind: "learn", secret: "secret_tMrlL1qK5vuQAh" });
    expect(answer?.kind === "learn" && JSON.stringify(answer.answer)).not.toContain("secret_");
  });

  it("is acknowledged again, and refused when another is known", async () => {
    expect(await ask({ verification_token: "secret_a" }, { secrets: ["secret_a"] })).toMatchObject({ kind: "answer" });
    expect(await ask({ verification_token: "secret_b" }, { secrets: ["secret_a"] })).toEqual({
      kind: "refuse",
      cause: "verification_token_known",
    });
  });

  it("is refused when it is no token, and not seen in signed requests or events", async () => {
    for (const given of [LONG, LINES, "", 7, null, "two words"]) {
      expect(await ask({ verification_token: given })).toMatchObject({ kind: "refuse" });
    }
    expect(await ask({ type: "page.created" })).toBeNull();
    expect(await ask({ verification_token: "secret_a" }, { headers: [["x-notion-signature", "sha256=0"]] })).toBeNull();
    expect(await ask({ verification_token: "secret_a" }, { type: "slack" })).toBeNull();
    expect(await ask({ verification_token: "secret_a" }, {}, true)).toBeNull();
  });
});

describe("the ping of WooCommerce", () => {
  const ask = (body: string, change: Partial<HandshakeRequest> = {}): Promise<Handshake | null> =>
    handshakeInBody(request({ type: "woocommerce", ...change }), new TextEncoder().encode(body), false);

  it("is acknowledged with 200, though it is unsigned", async () => {
    const answer = { kind: "answer", answer: { status: 200, headers: inert, body: null } };
    expect(await ask("webhook_id=2")).toEqual(answer);
  });

  it.each(["webhook_id=", "webhook_id=2&a=b", "webhook_id=x", ' {"id":2}', "", "x=1&webhook_id=2"])(
    "is not seen in %j",
    async (body) => {
      expect(await ask(body)).toBeNull();
    },
  );

  it("is not seen in signed requests, other methods and by other sources", async () => {
    expect(await ask("webhook_id=2", { headers: [["X-WC-Webhook-Signature", "x"]] })).toBeNull();
    expect(await ask("webhook_id=2", { method: "PUT" })).toBeNull();
    expect(await ask("webhook_id=2", { type: "shopify" })).toBeNull();
  });
});

const GENERIC = ["none", "hmac", "basic", "bearer", "api_key", "jwt"];

describe("the validation of Azure Event Grid", () => {
  // The example of Microsoft's page.
  const event = {
    id: "2d1781af-3a4c-4d7c-bd0c-e34b19da4e66",
    topic: "/subscriptions/xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
    subject: "",
    data: {
      validationCode: "512d38b6-c7b8-40c8-89fe-f46f9e9622b6",
      validationUrl: "https://rp-eastus2.eventgrid.azure.net",
    },
    eventType: "Microsoft.EventGrid.SubscriptionValidationEvent",
    eventTime: "2022-10-28T04:23:35.1981776Z",
    metadataVersion: "1",
    dataVersion: "1",
  };
  const ask = (body: unknown, change: Partial<HandshakeRequest> = {}): Promise<Handshake | null> =>
    handshakeInBody(
      request({ type: "api_key", headers: [["Aeg-Event-Type", "SubscriptionValidation"]], ...change }),
      json(body),
      false,
    );

  it.each(GENERIC)("is answered with its code by a source of type %s", async (type) => {
    expect(jsonAnswer(await ask([event], { type }))).toEqual({
      validationResponse: "512d38b6-c7b8-40c8-89fe-f46f9e9622b6",
    });
  });

  it("is not seen without its header, in other methods, by sources of providers", async () => {
    expect(await ask([event], { headers: [] })).toBeNull();
    expect(await ask([event], { headers: [["aeg-event-type", "Notification"]] })).toBeNull();
    expect(await ask([event], { method: "PUT" })).toBeNull();
    expect(await ask([event], { type: "stripe" })).toBeNull();
  });

  it.each([
    [[]],
    [null],
    [[null]],
    [{}],
    [[{ data: null }]],
    [[{ data: { validationCode: 5 } }]],
    [[{ data: { validationCode: LONG } }]],
  ])("is not seen in %j", async (body) => {
    expect(await ask(body)).toBeNull();
  });
});

describe("the handshake of CloudEvents", () => {
  const ask = (origin: string | null, change: Partial<HandshakeRequest> = {}): Promise<Handshake | null> =>
    handshakeInHead(
      request({
        type: "bearer",
        method: "OPTIONS",
        headers:
          origin === null
            ? []
            : [
                ["WebHook-Request-Origin", origin],
                ["WebHook-Request-Rate", "120"],
              ],
        ...change,
      }),
    );

  it.each(GENERIC)("is granted by a source of type %s", async (type) => {
    expect(await ask("eventemitter.example.com", { type })).toEqual({
      kind: "answer",
      answer: {
        status: 200,
        headers: { "webhook-allowed-origin": "eventemitter.example.com", "webhook-allowed-rate": "*", ...inert },
        body: null,
      },
    });
  });

  it("is not seen without an origin, with a broken one, in other methods, by sources of providers", async () => {
    for (const origin of [null, "", LINES, LONG, "two words"]) expect(await ask(origin)).toBeNull();
    expect(await ask("a.example", { method: "POST" })).toBeNull();
    expect(await ask("a.example", { type: "github" })).toBeNull();
  });
});
