// How each provider signs: the requests that the tests send.
import { createHash, sign as signWith } from "node:crypto";
import {
  DISCORD,
  JSON_TYPE,
  SENDGRID,
  URL_SEEN,
  WHPK,
  adyenBody,
  base64,
  basic,
  ed25519,
  hex,
  mac,
  p256,
  pairs,
  plain,
  privateKey,
  standard,
  token,
  type Signer,
  v0,
} from "./signer.ts";

const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };
const FORM = "To=%2B18005551212&From=%2B14158675310&Digits=1234&CallSid=CA1234567890ABCDE&Caller=%2B14158675310&A=";
const HUBSPOT_URL_SIGNED = "https://hooks.example.com/in/source/sub?b=2&a=1%202";

/** By `verification.type`, followed by a word when the provider has several ways to sign. */
export const SIGNERS: Record<string, Signer> = {
  standard_webhooks: standard("webhook"),
  "standard_webhooks v1a": {
    secret: WHPK.text,
    wrongSecret: ed25519((raw) => `whpk_${raw.toString("base64")}`).text,
    timed: true,
    header: "webhook-signature",
    sign: (body, secret, at) => ({
      headers: {
        "webhook-id": "msg_1",
        "webhook-timestamp": String(at),
        "webhook-signature": `v1a,${signWith(null, Buffer.from(`msg_1.${at}.${body}`), privateKey(WHPK, secret)).toString("base64")}`,
      },
      body,
    }),
  },
  svix: standard("svix"),
  "svix unbranded": standard("webhook"),
  clerk: standard("svix"),
  resend: standard("svix"),
  openai: standard("webhook"),
  stripe: pairs("stripe-signature", "t", "v1", ",", "."),
  github: plain("x-hub-signature-256", (body, secret) => `sha256=${hex(secret, body)}`),
  "github sha1": {
    ...plain("x-hub-signature", (body, secret) => `sha1=${hex(secret, body, "sha1")}`),
    options: { allow_sha1: true },
  },
  gitlab: token("x-gitlab-token", (secret) => secret),
  "gitlab signed": standard("webhook"),
  shopify: plain("x-shopify-hmac-sha256", (body, secret) => base64(secret, body)),
  "shopify without x-": plain("shopify-hmac-sha256", (body, secret) => base64(secret, body)),
  slack: v0("x-slack-signature", "x-slack-request-timestamp"),
  twilio: {
    secret: "12345",
    header: "x-twilio-signature",
    body: FORM,
    sign: (body, secret) => {
      const fields = [...new URLSearchParams(body)].sort(([a], [b]) => (a < b ? -1 : 1));
      const text = URL_SEEN + fields.map(([name, value]) => name + value).join("");
      return { headers: { ...FORM_TYPE, "x-twilio-signature": base64(secret, text, "sha1") }, body };
    },
  },
  "twilio json": {
    secret: "12345",
    header: "x-twilio-signature",
    sign: (body, secret) => {
      const hash = createHash("sha256").update(body).digest("hex");
      const url = `${URL_SEEN}&bodySHA256=${hash}`;
      return { url, headers: { ...JSON_TYPE, "x-twilio-signature": base64(secret, url, "sha1") }, body };
    },
  },
  meta: plain("x-hub-signature-256", (body, secret) => `sha256=${hex(secret, body)}`),
  whatsapp: plain("x-hub-signature-256", (body, secret) => `sha256=${hex(secret, body)}`),
  discord: {
    secret: DISCORD.text,
    wrongSecret: ed25519((raw) => raw.toString("hex")).text,
    timed: true,
    header: "x-signature-ed25519",
    sign: (body, secret, at) => ({
      headers: {
        ...JSON_TYPE,
        "x-signature-timestamp": String(at),
        "x-signature-ed25519": signWith(null, Buffer.from(`${at}${body}`), privateKey(DISCORD, secret)).toString("hex"),
      },
      body,
    }),
  },
  square: plain("x-square-hmacsha256-signature", (body, secret) => base64(secret, URL_SEEN + body)),
  paddle: pairs("paddle-signature", "ts", "h1", ";", ":"),
  linear: {
    secret: "lin_wh_0123456789",
    timed: true,
    header: "linear-signature",
    sign: (given, secret, at) => {
      const body = JSON.stringify({ ...(JSON.parse(given) as object), webhookTimestamp: at * 1_000 });
      return { headers: { ...JSON_TYPE, "linear-signature": hex(secret, body) }, body };
    },
  },
  zoom: v0("x-zm-signature", "x-zm-request-timestamp"),
  twitch: {
    secret: "a-twitch-secret",
    timed: true,
    header: "twitch-eventsub-message-signature",
    sign: (body, secret, at) => {
      const time = new Date(at * 1_000).toISOString().replace("Z", "123456Z");
      return {
        headers: {
          ...JSON_TYPE,
          "twitch-eventsub-message-id": "e76c6bd4-55c9-4987-8304-da1588d8988b",
          "twitch-eventsub-message-timestamp": time,
          "twitch-eventsub-message-signature": `sha256=${hex(secret, `e76c6bd4-55c9-4987-8304-da1588d8988b${time}${body}`)}`,
        },
        body,
      };
    },
  },
  twitter: plain("x-twitter-webhooks-signature", (body, secret) => `sha256=${base64(secret, body)}`),
  "twitter OAuth 2.0": plain("x-twitter-webhooks-signature-oauth2", (body, secret) => `sha256=${base64(secret, body)}`),
  intercom: plain("x-hub-signature", (body, secret) => `sha1=${hex(secret, body, "sha1")}`),
  hubspot: {
    secret: "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
    timed: true,
    header: "x-hubspot-signature-v3",
    sign: (body, secret, at) => ({
      headers: {
        ...JSON_TYPE,
        "x-hubspot-request-timestamp": String(at * 1_000),
        "x-hubspot-signature-v3": base64(secret, `POST${HUBSPOT_URL_SIGNED}${body}${at * 1_000}`),
      },
      body,
    }),
  },
  "hubspot decoded": {
    secret: "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
    timed: true,
    header: "x-hubspot-signature-v3",
    sign: (body, secret, at) => ({
      url: "https://hooks.example.com/in/a?to=a%40b.c%2Fd%3F&x=%20",
      headers: {
        ...JSON_TYPE,
        "x-hubspot-request-timestamp": String(at * 1_000),
        "x-hubspot-signature-v3": base64(
          secret,
          `POSThttps://hooks.example.com/in/a?to=a@b.c/d?&x=%20${body}${at * 1_000}`,
        ),
      },
      body,
    }),
  },
  typeform: plain("typeform-signature", (body, secret) => `sha256=${base64(secret, body)}`),
  mailgun: {
    secret: "key-0123456789abcdef",
    timed: true,
    header: null,
    sign: (_body, secret, at) => ({
      headers: JSON_TYPE,
      body: JSON.stringify({
        signature: { token: "a8ce0edb", timestamp: String(at), signature: hex(secret, `${at}a8ce0edb`) },
        "event-data": { event: "opened" },
      }),
    }),
    tamper: (request) => ({ ...request, body: request.body.replace("a8ce0edb", "a8ce0edc") }),
  },
  "mailgun parent account": {
    secret: "key-0123456789abcdef",
    timed: true,
    header: null,
    sign: (_body, secret, at) => ({
      headers: JSON_TYPE,
      body: JSON.stringify({
        signature: {
          token: "a8ce0edb",
          timestamp: String(at),
          signature: "0".repeat(64),
          "parent-signature": hex(secret, `${at}a8ce0edb`),
        },
      }),
    }),
    tamper: (request) => ({ ...request, body: request.body.replace("a8ce0edb", "a8ce0edc") }),
  },
  "mailgun form": {
    secret: "key-0123456789abcdef",
    timed: true,
    header: null,
    sign: (_body, secret, at) => ({
      headers: FORM_TYPE,
      body: `subject=hi&token=a8ce0edb&timestamp=${at}&signature=${hex(secret, `${at}a8ce0edb`)}`,
    }),
    tamper: (request) => ({ ...request, body: request.body.replace("a8ce0edb", "a8ce0edc") }),
  },
  sendgrid: {
    secret: SENDGRID.text,
    wrongSecret: p256().text,
    timed: true,
    header: "x-twilio-email-event-webhook-signature",
    sign: (body, secret, at) => ({
      headers: {
        ...JSON_TYPE,
        "x-twilio-email-event-webhook-timestamp": String(at),
        "x-twilio-email-event-webhook-signature": signWith(
          "sha256",
          Buffer.from(`${at}${body}`),
          privateKey(SENDGRID, secret),
        ).toString("base64"),
      },
      body,
    }),
  },
  postmark: token("authorization", basic, "user:päss:word"),
  chargebee: token("authorization", basic, "user:password"),
  adyen: {
    secret: "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
    wrongSecret: "54782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
    header: null,
    sign: (_body, secret) => ({ headers: JSON_TYPE, body: adyenBody(secret) }),
    tamper: (request) => ({ ...request, body: request.body.replace("1130", "9130") }),
  },
  "adyen platforms": {
    ...plain("hmacsignature", (body, secret) => base64(Buffer.from(secret, "hex"), body)),
    secret: "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
    wrongSecret: "54782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
  },
  woocommerce: plain("x-wc-webhook-signature", (body, secret) => base64(secret, body)),
  vercel: plain("x-vercel-signature", (body, secret) => hex(secret, body, "sha1")),
  sentry: plain("sentry-hook-signature", (body, secret) => hex(secret, body)),
  pagerduty: plain("x-pagerduty-signature", (body, secret) => `v1=${"0".repeat(64)},v1=${hex(secret, body)}`),
  zendesk: {
    secret: "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==",
    timed: true,
    header: "x-zendesk-webhook-signature",
    sign: (body, secret, at) => {
      const time = new Date(at * 1_000).toISOString().replace(".000", "");
      return {
        headers: {
          ...JSON_TYPE,
          "x-zendesk-webhook-signature-timestamp": time,
          "x-zendesk-webhook-signature": base64(secret, time + body),
        },
        body,
      };
    },
  },
  docusign: plain("x-docusign-signature-1", (body, secret) => base64(secret, body)),
  "docusign second": plain("x-docusign-signature-2", (body, secret) => base64(secret, body)),
  dropbox: plain("x-dropbox-signature", (body, secret) => hex(secret, body)),
  notion: plain("x-notion-signature", (body, secret) => `sha256=${hex(secret, body)}`),
  airtable: {
    ...plain("x-airtable-content-mac", (body, secret) => `hmac-sha256=${hex(Buffer.from(secret, "base64"), body)}`),
    secret: "c2VjcmV0LWluLWJhc2U2NA==",
    wrongSecret: "b3RoZXItaW4tYmFzZTY0",
  },
  calendly: pairs("calendly-webhook-signature", "t", "v1", ",", "."),
  webflow: {
    secret: "a-webflow-secret",
    timed: true,
    header: "x-webflow-signature",
    sign: (body, secret, at) => ({
      headers: {
        ...JSON_TYPE,
        "x-webflow-timestamp": String(at * 1_000),
        "x-webflow-signature": hex(secret, `${at * 1_000}:${body}`),
      },
      body,
    }),
  },
  coinbase_commerce: plain("x-cc-webhook-signature", (body, secret) => hex(secret, body)),
  razorpay: plain("x-razorpay-signature", (body, secret) => hex(secret, body)),
  paystack: plain("x-paystack-signature", (body, secret) => hex(secret, body, "sha512")),
  "paystack timed": {
    secret: "sk_live_0123456789abcdef",
    timed: true,
    header: "x-paystack-signature",
    sign: (body, secret, at) => {
      const signatures = ["0".repeat(128), hex(secret, `${at}.${body}`, "sha512")];
      const value = [`t=${at}`, ...signatures.map((text, index) => `v1=key_${index}:${text}`)].join(",");
      return { headers: { ...JSON_TYPE, "x-paystack-signature": value }, body };
    },
  },
  telegram: token("x-telegram-bot-api-secret-token", (secret) => secret),
  microsoft_graph: {
    secret: "secretClientValue",
    header: null,
    sign: (_body, secret) => ({
      headers: JSON_TYPE,
      body: JSON.stringify({
        value: [
          { clientState: secret, resource: "a" },
          { clientState: secret, resource: "b" },
        ],
      }),
    }),
    tamper: (request) => ({ ...request, body: request.body.replace('"clientState":"s', '"clientState":"S') }),
  },
  asana: plain("x-hook-signature", (body, secret) => hex(secret, body)),
  okta: token("authorization", (secret) => secret),
  hmac: {
    ...plain("x-signature", (body, secret) => hex(secret, body)),
    options: { header: "X-Signature" },
  },
  "hmac sha512 base64url with time, url and header": {
    secret: "00ff00ff",
    options: {
      header: "X-Signature",
      prefix: "v9=",
      separator: ",",
      algorithm: "sha512",
      encoding: "base64url",
      secret_encoding: "hex",
      signed: "{method} {path}{query} {host} {header:X-Tenant}\n{timestamp}\n{body}",
      timestamp_header: "X-Time",
      timestamp_unit: "iso8601",
    },
    wrongSecret: "00ff00fe",
    timed: true,
    header: "x-signature",
    sign: (body, secret, at) => {
      const time = new Date(at * 1_000).toISOString();
      const text = `POST /in/source/sub?b=2&a=1%202 hooks.example.com acme\n${time}\n${body}`;
      const signature = mac("sha512", Buffer.from(secret, "hex"), text, "base64url");
      return { headers: { "x-tenant": "acme", "x-time": time, "x-signature": `v8=abc, v9=${signature}` }, body };
    },
  },
  basic: token("authorization", basic, "user:pass"),
  bearer: token("authorization", (secret) => `Bearer ${secret}`),
  api_key: token("x-api-key", (secret) => secret),
  "api_key in the query": {
    secret: "a b&c",
    options: { in: "query", name: "key" },
    header: null,
    sign: (body, secret) => ({ url: `${URL_SEEN}&key=${encodeURIComponent(secret)}`, headers: {}, body }),
    tamper: (request) => ({ ...request, url: request.url?.replace("a%20b%26c", "a%20b%26d") ?? "" }),
  },
};
