// What each provider signs, how, and in which header. Data only, from the provider's own page, given in `docs`; `docs/verification.md` says
// when each was compared with it, and which could not be.
import type { PresetName } from "../../model/verification.ts";
import type { HmacRule, Preset, PublicKeyRule, SecretRule, SignaturePlace, TimePlace } from "./rules.ts";

/** HMAC-SHA256 of the body in hexadecimal, as most providers send it. */
const hmac = (
  header: string,
  {
    prefix,
    separator,
    numbered,
    keyIds,
    ...rule
  }: Partial<Omit<HmacRule & SignaturePlace, "signature" | "header">> = {},
): HmacRule => ({
  scheme: "hmac",
  hash: "SHA-256",
  encoding: "hex",
  signed: "{body}",
  ...rule,
  signature: { header, prefix, separator, numbered, keyIds },
});
const token = (name: string, form: SecretRule["form"] = "whole"): SecretRule => ({
  scheme: "secret",
  in: "header",
  name,
  form,
});
const inHeader = (name: string, unit: TimePlace["unit"] = "seconds"): TimePlace => ({ in: "header", name, unit });
const inSignature = (name: string): TimePlace => ({ in: "signature", name, unit: "seconds" });

/** Standard Webhooks under a prefix of header names: `v1` HMAC, `v1a` ed25519. */
const standard = (prefix: "webhook" | "svix"): readonly [HmacRule, PublicKeyRule] => {
  const signed = {
    encoding: "base64",
    signed: `{header:${prefix}-id}.{timestamp}.{body}`,
    time: inHeader(`${prefix}-timestamp`),
  } as const;
  const header = `${prefix}-signature`;
  return [
    { ...signed, scheme: "hmac", hash: "SHA-256", signature: { header, separator: " ", prefix: "v1," } },
    { ...signed, scheme: "public_key", algorithm: "ed25519", signature: { header, separator: " ", prefix: "v1a," } },
  ];
};
const svix = [...standard("svix"), ...standard("webhook")];
const BASIC: Preset["rules"] = [token("authorization", "basic")];
const SIGNING_SECRET = "The signing secret";

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  standard_webhooks: {
    docs: "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
    secrets: "`whsec_…` (HMAC), `whpk_…` (ed25519 public key)",
    rules: standard("webhook"),
  },
  svix: {
    docs: "https://docs.svix.com/receiving/verifying-payloads/how-manual",
    secrets: "The endpoint's `whsec_…`, or the `whpk_…` public key",
    rules: svix,
  },
  clerk: {
    docs: "https://clerk.com/docs/guides/development/webhooks/syncing",
    secrets: "The endpoint's `whsec_…`",
    rules: svix,
  },
  resend: {
    docs: "https://resend.com/docs/webhooks/verify-webhooks-requests",
    secrets: "The webhook's `whsec_…`",
    rules: svix,
  },
  openai: {
    docs: "https://platform.openai.com/docs/guides/webhooks",
    secrets: "The webhook's `whsec_…`",
    rules: standard("webhook"),
  },
  stripe: {
    docs: "https://docs.stripe.com/webhooks#verify-manually",
    secrets: "The endpoint's `whsec_…`, used as it is",
    begin: "whsec_",
    rules: [
      hmac("stripe-signature", {
        separator: ",",
        prefix: "v1=",
        signed: "{timestamp}.{body}",
        time: inSignature("t="),
      }),
    ],
  },
  github: {
    docs: "https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries",
    secrets: "The webhook's secret",
    rules: [hmac("x-hub-signature-256", { prefix: "sha256=" })],
  },
  gitlab: {
    docs: "https://docs.gitlab.com/user/project/integrations/webhooks/",
    secrets: "The secret token, or the signing token (`whsec_…`)",
    rules: [token("x-gitlab-token"), standard("webhook")[0]],
  },
  shopify: {
    docs: "https://shopify.dev/docs/apps/build/webhooks/subscribe/https",
    secrets: "The app's client secret",
    rules: [hmac("x-shopify-hmac-sha256", { encoding: "base64" }), hmac("shopify-hmac-sha256", { encoding: "base64" })],
  },
  slack: {
    docs: "https://docs.slack.dev/authentication/verifying-requests-from-slack/",
    secrets: "The app's signing secret",
    rules: [
      hmac("x-slack-signature", {
        prefix: "v0=",
        signed: "v0:{timestamp}:{body}",
        time: inHeader("x-slack-request-timestamp"),
      }),
    ],
  },
  twilio: {
    docs: "https://www.twilio.com/docs/usage/webhooks/webhooks-security",
    secrets: "The account's auth token",
    rules: [
      hmac("x-twilio-signature", {
        hash: "SHA-1",
        encoding: "base64",
        signed: "{url}{sorted_form}",
        urlForms: "any_port",
        bodyHashParameter: "bodySHA256",
      }),
    ],
  },
  meta: {
    docs: "https://developers.facebook.com/docs/graph-api/webhooks/getting-started",
    secrets: "The app secret",
    rules: [hmac("x-hub-signature-256", { prefix: "sha256=" })],
  },
  whatsapp: {
    docs: "https://developers.facebook.com/docs/whatsapp/cloud-api/guides/set-up-webhooks",
    secrets: "The app secret",
    rules: [hmac("x-hub-signature-256", { prefix: "sha256=" })],
  },
  discord: {
    docs: "https://discord.com/developers/docs/interactions/overview#setting-up-an-endpoint-validating-security-request-headers",
    secrets: "The application's public key (64 hexadecimal digits)",
    rules: [
      {
        scheme: "public_key",
        algorithm: "ed25519",
        encoding: "hex",
        signature: { header: "x-signature-ed25519" },
        signed: "{timestamp}{body}",
        time: inHeader("x-signature-timestamp"),
      },
    ],
  },
  square: {
    docs: "https://developer.squareup.com/docs/webhooks/step3validate",
    secrets: "The subscription's signature key",
    rules: [hmac("x-square-hmacsha256-signature", { encoding: "base64", signed: "{url}{body}" })],
  },
  paddle: {
    docs: "https://developer.paddle.com/webhooks/signature-verification",
    secrets: "The notification destination's secret key",
    rules: [
      hmac("paddle-signature", {
        separator: ";",
        prefix: "h1=",
        signed: "{timestamp}:{body}",
        time: inSignature("ts="),
      }),
    ],
  },
  linear: {
    docs: "https://linear.app/developers/webhooks",
    secrets: SIGNING_SECRET,
    rules: [hmac("linear-signature", { time: { in: "json", name: "webhookTimestamp", unit: "milliseconds" } })],
  },
  zoom: {
    docs: "https://developers.zoom.us/docs/api/webhooks/",
    secrets: "The app's secret token",
    rules: [
      hmac("x-zm-signature", {
        prefix: "v0=",
        signed: "v0:{timestamp}:{body}",
        time: inHeader("x-zm-request-timestamp"),
      }),
    ],
  },
  twitch: {
    docs: "https://dev.twitch.tv/docs/eventsub/handling-webhook-events/",
    secrets: "The subscription's secret",
    rules: [
      hmac("twitch-eventsub-message-signature", {
        prefix: "sha256=",
        signed: "{header:twitch-eventsub-message-id}{timestamp}{body}",
        time: inHeader("twitch-eventsub-message-timestamp", "iso8601"),
      }),
    ],
  },
  twitter: {
    docs: "https://docs.x.com/x-api/webhooks/quickstart",
    secrets: "The app's OAuth 2.0 client secret, or its consumer secret (API secret key) for the older header",
    rules: [
      hmac("x-twitter-webhooks-signature-oauth2", { prefix: "sha256=", encoding: "base64" }),
      hmac("x-twitter-webhooks-signature", { prefix: "sha256=", encoding: "base64" }),
    ],
  },
  intercom: {
    docs: "https://developers.intercom.com/docs/webhooks/webhook-notifications",
    secrets: "The app's client secret",
    rules: [hmac("x-hub-signature", { prefix: "sha1=", hash: "SHA-1" })],
  },
  hubspot: {
    docs: "https://developers.hubspot.com/docs/guides/apps/authentication/validating-requests",
    secrets: "The app's client secret",
    rules: [
      hmac("x-hubspot-signature-v3", {
        encoding: "base64",
        signed: "{method}{url}{body}{timestamp}",
        urlForms: "decoded",
        time: inHeader("x-hubspot-request-timestamp", "milliseconds"),
      }),
    ],
  },
  typeform: {
    docs: "https://www.typeform.com/developers/webhooks/secure-your-webhooks/",
    secrets: "The webhook's secret",
    rules: [hmac("typeform-signature", { prefix: "sha256=", encoding: "base64" })],
  },
  mailgun: {
    docs: "https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks",
    secrets: "The account's webhook signing key",
    rules: [{ scheme: "mailgun" }],
  },
  sendgrid: {
    docs: "https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features",
    secrets: "The verification key (public key in base64)",
    rules: [
      {
        scheme: "public_key",
        algorithm: "ecdsa_p256_der",
        encoding: "base64",
        signature: { header: "x-twilio-email-event-webhook-signature" },
        signed: "{timestamp}{body}",
        time: inHeader("x-twilio-email-event-webhook-timestamp"),
      },
    ],
  },
  postmark: {
    docs: "https://postmarkapp.com/developer/webhooks/webhooks-overview",
    secrets: "`username:password`, as in the webhook's URL",
    rules: BASIC,
  },
  adyen: {
    docs: "https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures",
    secrets: "The webhook's HMAC key (hexadecimal)",
    rules: [{ scheme: "in_body", format: "adyen" }, hmac("hmacsignature", { encoding: "base64" })],
  },
  woocommerce: {
    docs: "https://woocommerce.com/document/webhooks/",
    secrets: "The webhook's secret",
    rules: [hmac("x-wc-webhook-signature", { encoding: "base64" })],
  },
  vercel: {
    docs: "https://vercel.com/docs/webhooks/webhooks-api#securing-webhooks",
    secrets: "The webhook's secret, or the integration's client secret",
    rules: [hmac("x-vercel-signature", { hash: "SHA-1" })],
  },
  sentry: {
    docs: "https://docs.sentry.io/organization/integrations/integration-platform/webhooks/",
    secrets: "The integration's client secret",
    rules: [hmac("sentry-hook-signature")],
  },
  pagerduty: {
    docs: "https://developer.pagerduty.com/docs/verifying-webhook-signatures",
    secrets: "The subscription's secret",
    rules: [hmac("x-pagerduty-signature", { separator: ",", prefix: "v1=" })],
  },
  zendesk: {
    docs: "https://developer.zendesk.com/documentation/webhooks/verifying/",
    secrets: SIGNING_SECRET,
    rules: [
      hmac("x-zendesk-webhook-signature", {
        encoding: "base64",
        signed: "{timestamp}{body}",
        time: inHeader("x-zendesk-webhook-signature-timestamp", "iso8601"),
      }),
    ],
  },
  docusign: {
    docs: "https://developers.docusign.com/platform/webhooks/connect/hmac/",
    secrets: "The Connect HMAC key",
    rules: [hmac("x-docusign-signature-", { numbered: true, encoding: "base64" })],
  },
  dropbox: {
    docs: "https://www.dropbox.com/developers/reference/webhooks",
    secrets: "The app secret",
    rules: [hmac("x-dropbox-signature")],
  },
  notion: {
    docs: "https://developers.notion.com/reference/webhooks",
    secrets: "The subscription's verification token",
    rules: [hmac("x-notion-signature", { prefix: "sha256=" })],
  },
  airtable: {
    docs: "https://airtable.com/developers/web/api/webhooks-overview",
    secrets: "The webhook's `macSecretBase64`",
    rules: [hmac("x-airtable-content-mac", { prefix: "hmac-sha256=" })],
  },
  calendly: {
    docs: "https://developer.calendly.com/api-docs/overview/webhooks/webhook-signatures",
    secrets: "The subscription's signing key",
    rules: [
      hmac("calendly-webhook-signature", {
        separator: ",",
        prefix: "v1=",
        signed: "{timestamp}.{body}",
        time: inSignature("t="),
      }),
    ],
  },
  webflow: {
    docs: "https://developers.webflow.com/data/docs/working-with-webhooks",
    secrets: "The app's client secret, or the webhook's secret key",
    rules: [
      hmac("x-webflow-signature", {
        signed: "{timestamp}:{body}",
        time: inHeader("x-webflow-timestamp", "milliseconds"),
      }),
    ],
  },
  chargebee: {
    docs: "https://www.chargebee.com/docs/billing/2.0/site-configuration/webhook_settings",
    secrets: "`username:password`, as in the webhook's settings",
    rules: BASIC,
  },
  coinbase_commerce: {
    docs: "https://docs.cdp.coinbase.com/commerce/api-arcitecture/webhooks-security",
    secrets: "The webhook's shared secret",
    rules: [hmac("x-cc-webhook-signature")],
  },
  razorpay: {
    docs: "https://razorpay.com/docs/webhooks/validate-test/",
    secrets: "The webhook's secret",
    rules: [hmac("x-razorpay-signature")],
  },
  paystack: {
    docs: "https://paystack.com/docs/payments/webhooks/",
    secrets: "The secret key",
    rules: [
      hmac("x-paystack-signature", {
        separator: ",",
        prefix: "v1=",
        keyIds: true,
        hash: "SHA-512",
        signed: "{timestamp}.{body}",
        time: inSignature("t="),
      }),
      hmac("x-paystack-signature", { hash: "SHA-512" }),
    ],
  },
  telegram: {
    docs: "https://core.telegram.org/bots/api#setwebhook",
    secrets: "The `secret_token` given to setWebhook",
    rules: [token("x-telegram-bot-api-secret-token")],
  },
  aws_sns: {
    docs: "https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html",
    secrets: "None: AWS publishes its certificate. Give `topic_arns`",
    rules: [{ scheme: "sns" }],
  },
  microsoft_graph: {
    docs: "https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks",
    secrets: "The subscription's `clientState`",
    rules: [{ scheme: "in_body", format: "microsoft_graph" }],
  },
  asana: {
    docs: "https://developers.asana.com/docs/webhooks-guide",
    secrets: "The `X-Hook-Secret` of the handshake",
    rules: [hmac("x-hook-signature")],
  },
  okta: {
    docs: "https://developer.okta.com/docs/concepts/event-hooks/",
    secrets: "The value of the `Authorization` header, as configured in the hook",
    rules: [token("authorization")],
  },
};

/** GitHub's older signature, only when a source asks for it. */
export const GITHUB_SHA1_RULE: HmacRule = hmac("x-hub-signature", { prefix: "sha1=", hash: "SHA-1" });
