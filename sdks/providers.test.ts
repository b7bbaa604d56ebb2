// Compares Sluice with the providers' own SDKs: it accepts what they sign, and agrees with what they verify.
import { verifyWebhook as verifyClerk } from "@clerk/backend/webhooks";
import { Signature as HubSpotSignature } from "@hubspot/api-client";
import { sign as signGithub, verify as verifyGithub } from "@octokit/webhooks-methods";
import { Paddle } from "@paddle/paddle-node-sdk";
import { EventWebhook } from "@sendgrid/eventwebhook";
import { shopifyApi } from "@shopify/shopify-api";
import { isValidSlackRequest } from "@slack/bolt";
import { verifyKey } from "discord-interactions";
import OpenAI from "openai";
import Razorpay from "razorpay";
import { WebhooksHelper } from "square";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Stripe } from "stripe";
import { Webhook as SvixWebhook } from "svix";
import twilio from "twilio";
import { getExpectedBodyHash, getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { utf8 } from "../src/kernel/bytes.ts";
import { randomBytes } from "../src/kernel/random.ts";
import { newSigningSecret, signStandardWebhooks } from "../src/signing/index.ts";
import { configured, judge } from "../test/unit/signing/judge.ts";
import { NOW, URL_SEEN, WHSEC, type SignedRequest } from "../test/unit/signing/signer.ts";
import { SIGNERS } from "../test/unit/signing/signers.ts";

// Lets the Shopify SDK read Node's requests.
await import("@shopify/shopify-api/adapters/node");

const BODY = '{"type":"evt","data":{"id":"1","big":12345678901234567890,"z":1.0}}';
const AT = new Date(NOW * 1_000);

beforeEach(() => void vi.useFakeTimers({ now: AT, toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

const ours = async (type: string, request: SignedRequest, secret: string, at = NOW): Promise<boolean> =>
  (await judge(request, configured(type), { secrets: [secret], at })).ok;
const holds = async (check: () => unknown): Promise<boolean> => {
  try {
    return (await check()) !== false;
  } catch {
    return false;
  }
};

describe("a request signed by an official SDK is accepted, and refused when a byte, the time, the secret or a header differs", () => {
  const standardHeaders = (prefix: string, signature: string): Record<string, string> => ({
    [`${prefix}-id`]: "msg_1",
    [`${prefix}-timestamp`]: String(NOW),
    [`${prefix}-signature`]: signature,
  });
  const form = { To: "+18005551212", From: "+14158675310", Body: "a b&c=d ü", Many: ["2", "1", "1"], Empty: "" };
  const formBody = "To=%2B18005551212&From=%2B14158675310&Body=a+b%26c%3Dd+%C3%BC&Many=2&Many=1&Many=1&Empty=";
  const signed: Record<
    string,
    { type: string; secret: string; header: string; timed?: true; request: () => Promise<SignedRequest> }
  > = {
    stripe: {
      type: "stripe",
      secret: "whsec_test",
      header: "stripe-signature",
      timed: true,
      request: async () => ({
        headers: {
          "stripe-signature": new Stripe("sk_test_x").webhooks.generateTestHeaderString({
            payload: BODY,
            secret: "whsec_test",
            timestamp: NOW,
          }),
        },
        body: BODY,
      }),
    },
    "@octokit/webhooks-methods": {
      type: "github",
      secret: "It's a Secret",
      header: "x-hub-signature-256",
      request: async () => ({
        headers: { "x-hub-signature-256": await signGithub("It's a Secret", BODY) },
        body: BODY,
      }),
    },
    standardwebhooks: {
      type: "standard_webhooks",
      secret: WHSEC,
      header: "webhook-signature",
      timed: true,
      request: async () => ({
        headers: standardHeaders("webhook", new StandardWebhook(WHSEC).sign("msg_1", AT, BODY)),
        body: BODY,
      }),
    },
    svix: {
      type: "svix",
      secret: WHSEC,
      header: "svix-id",
      timed: true,
      request: async () => ({
        headers: standardHeaders("svix", new SvixWebhook(WHSEC).sign("msg_1", AT, BODY)),
        body: BODY,
      }),
    },
    "twilio, form": {
      type: "twilio",
      secret: "auth-token",
      header: "x-twilio-signature",
      request: async () => ({
        headers: {
          "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
          "x-twilio-signature": getExpectedTwilioSignature("auth-token", URL_SEEN, form),
        },
        body: formBody,
      }),
    },
    "twilio, JSON": {
      type: "twilio",
      secret: "auth-token",
      header: "x-twilio-signature",
      request: async () => {
        const url = `${URL_SEEN}&bodySHA256=${getExpectedBodyHash(BODY)}`;
        return {
          url,
          headers: {
            "content-type": "application/json",
            "x-twilio-signature": getExpectedTwilioSignature("auth-token", url, {}),
          },
          body: BODY,
        };
      },
    },
  };

  it.each(Object.entries(signed))("%s", async (_name, { type, secret, header, timed, request: make }) => {
    const request = await make();
    const { [header]: _proof, ...others } = request.headers;
    expect(await ours(type, request, secret)).toBe(true);
    expect(await ours(type, { ...request, body: request.body.replace("1", "2") }, secret)).toBe(false);
    expect(await ours(type, request, `${secret.slice(0, -1)}A`)).toBe(false);
    expect(await ours(type, { ...request, headers: others }, secret)).toBe(false);
    if (timed === true) {
      expect(await ours(type, request, secret, NOW + 301)).toBe(false);
      expect(await ours(type, request, secret, NOW - 301)).toBe(false);
    }
  });

  it("twilio, with and without the port in the signed URL", async () => {
    for (const url of ["https://hooks.example.com:443/in/a?b=1", "https://hooks.example.com/in/a?b=1"]) {
      const request = {
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          "x-twilio-signature": getExpectedTwilioSignature("t", url, { A: "1" }),
        },
        body: "A=1",
      };
      for (const seen of ["https://hooks.example.com:443/in/a?b=1", "https://hooks.example.com/in/a?b=1"]) {
        expect(await ours("twilio", { ...request, url: seen }, "t")).toBe(true);
        expect(twilio.validateRequest("t", request.headers["x-twilio-signature"], seen, { A: "1" })).toBe(true);
      }
    }
  });

  it("twilio refuses a body that its signature does not cover", async () => {
    const signature = getExpectedTwilioSignature("t", URL_SEEN, {});
    const get = { method: "GET", headers: { "x-twilio-signature": signature }, body: "" };
    expect(await ours("twilio", get, "t")).toBe(true);
    const smuggled = {
      ...get,
      method: "POST",
      headers: { ...get.headers, "content-type": "application/json" },
      body: BODY,
    };
    expect(await judge(smuggled, configured("twilio"), { secrets: ["t"] })).toEqual({
      ok: false,
      cause: "unsigned_body",
    });
  });
});

describe("an official SDK agrees with Sluice on genuine and on forged requests", () => {
  const shopify = shopifyApi({
    apiKey: "key",
    apiSecretKey: SIGNERS["shopify"]?.secret ?? "",
    apiVersion: "2026-07" as never,
    isEmbeddedApp: false,
    hostName: "hooks.example.com",
    logger: { log: () => undefined },
  });
  const raw = (request: SignedRequest): Request =>
    new Request(request.url ?? URL_SEEN, { method: "POST", headers: request.headers, body: request.body });

  const theirs: Record<string, (request: SignedRequest, secret: string) => unknown> = {
    github: ({ headers, body }, secret) => verifyGithub(secret, body, headers["x-hub-signature-256"] ?? ""),
    stripe: ({ headers, body }, secret) =>
      new Stripe("sk_test_x").webhooks.constructEvent(body, headers["stripe-signature"] ?? "", secret),
    standard_webhooks: ({ headers, body }, secret) => new StandardWebhook(secret).verify(body, headers) ?? true,
    svix: ({ headers, body }, secret) => new SvixWebhook(secret).verify(body, headers) ?? true,
    clerk: (request, secret) => verifyClerk(raw(request), { signingSecret: secret }),
    openai: ({ headers, body }, secret) => new OpenAI({ apiKey: "k" }).webhooks.unwrap(body, headers, secret),
    slack: ({ headers, body }, secret) =>
      isValidSlackRequest({
        signingSecret: secret,
        body,
        headers: {
          "x-slack-signature": headers["x-slack-signature"] ?? "",
          "x-slack-request-timestamp": Number(headers["x-slack-request-timestamp"]),
        },
        nowMilliseconds: NOW * 1_000,
      }),
    shopify: async (request) => {
      const headers = {
        "x-shopify-topic": "orders/create",
        "x-shopify-shop-domain": "shop.myshopify.com",
        "x-shopify-api-version": "2026-07",
        "x-shopify-webhook-id": "1",
      };
      const result = await shopify.webhooks.validate({
        rawBody: request.body,
        rawRequest: { method: "POST", url: "/in/source", headers: { ...headers, ...request.headers } },
      });
      return result.valid;
    },
    discord: ({ headers, body }, secret) =>
      verifyKey(body, headers["x-signature-ed25519"] ?? "", headers["x-signature-timestamp"] ?? "", secret),
    square: ({ headers, body }, secret) =>
      WebhooksHelper.verifySignature({
        requestBody: body,
        signatureHeader: headers["x-square-hmacsha256-signature"] ?? "",
        signatureKey: secret,
        notificationUrl: URL_SEEN,
      }),
    paddle: ({ headers, body }, secret) =>
      new Paddle("key").webhooks.isSignatureValid(body, secret, headers["paddle-signature"] ?? ""),
    hubspot: ({ headers, body }, secret) =>
      HubSpotSignature.isValid({
        signatureVersion: "v3",
        signature: headers["x-hubspot-signature-v3"] ?? "",
        method: "POST",
        clientSecret: secret,
        requestBody: body,
        url: URL_SEEN,
        timestamp: Number(headers["x-hubspot-request-timestamp"]),
      }),
    sendgrid: ({ headers, body }, secret) => {
      const verifier = new EventWebhook();
      const key = `-----BEGIN PUBLIC KEY-----\n${secret}\n-----END PUBLIC KEY-----`;
      return verifier.verifySignature(
        verifier.convertPublicKeyToECDSA(key),
        body,
        headers["x-twilio-email-event-webhook-signature"] ?? "",
        headers["x-twilio-email-event-webhook-timestamp"] ?? "",
      );
    },
    razorpay: ({ headers, body }, secret) =>
      Razorpay.validateWebhookSignature(body, headers["x-razorpay-signature"] ?? "", secret),
    twilio: ({ headers, body }, secret) =>
      twilio.validateRequest(
        secret,
        headers["x-twilio-signature"] ?? "",
        URL_SEEN,
        Object.fromEntries(new URLSearchParams(body)),
      ),
  };

  it.each(Object.entries(theirs))("%s", async (type, verify) => {
    const signer = SIGNERS[type];
    if (signer === undefined) throw new Error(`no signer for ${type}`);
    const request = signer.sign(signer.body ?? BODY, signer.secret, NOW);
    const { [signer.header ?? ""]: proof = "", ...others } = request.headers;
    const forged: SignedRequest[] = [
      { ...request, body: request.body.replace("1", "2") },
      { ...request, headers: others },
      { ...request, headers: { ...others, [signer.header ?? ""]: proof.slice(0, -4) } },
      signer.sign(signer.body ?? BODY, signer.wrongSecret ?? "another secret", NOW),
    ];
    expect(await holds(() => verify(request, signer.secret))).toBe(true);
    expect(await ours(type, request, signer.secret)).toBe(true);
    for (const one of forged) {
      expect(await holds(() => verify(one, signer.secret))).toBe(false);
      expect(await ours(type, one, signer.secret)).toBe(false);
    }
  });
});

describe("a request signed by Sluice is verified by an official SDK", () => {
  it("svix", async () => {
    const secret = await newSigningSecret("hmac", randomBytes);
    const signer = signStandardWebhooks([secret], "evt_1", NOW);
    signer.update(utf8(BODY));
    const headers = Object.fromEntries(await signer.finish());
    expect(() => new SvixWebhook(secret).verify(BODY, headers)).not.toThrow();
    expect(() => new SvixWebhook(secret).verify(BODY.replace("1", "2"), headers)).toThrow();
  });
});
