// The default answer to a sender: 202 with the event's id, except for providers that treat a 202 as a failure.

export interface DefaultAnswer {
  readonly status: number;
  /** Null for the usual JSON. A text of null is no body at all. */
  readonly body: { readonly type: string; readonly text: string | null } | null;
}

const USUAL: DefaultAnswer = { status: 202, body: null };
const PLAIN_200: DefaultAnswer = { status: 200, body: null };
const EMPTY_204: DefaultAnswer = { status: 204, body: { type: "application/json", text: null } };

const BY_TYPE: Readonly<Record<string, DefaultAnswer>> = {
  // Older merchant accounts require the text "[accepted]": https://www.adyen.com/knowledge-hub/webhooks-accept-2xx
  adyen: { status: 200, body: { type: "text/plain; charset=utf-8", text: "[accepted]" } },
  // Anything but TwiML causes error 12300: https://www.twilio.com/docs/api/errors/12300
  twilio: { status: 200, body: { type: "text/xml; charset=utf-8", text: "<Response></Response>" } },
  // Retries after any status but 200: https://help.mailgun.com/hc/en-us/articles/202236504-Webhooks
  mailgun: PLAIN_200,
  // https://www.dropbox.com/developers/reference/webhooks
  dropbox: PLAIN_200,
  // 200 or 204: https://developers.zoom.us/docs/api/webhooks/
  zoom: PLAIN_200,
  // https://paystack.com/docs/payments/webhooks/
  paystack: PLAIN_200,
  // "responded with a non-200 HTTP status code": https://linear.app/developers/webhooks
  linear: PLAIN_200,
  // Retries an inbound e-mail ten times without a 200: https://postmarkapp.com/support/article/understanding-inbound-webhook-retries-in-postmark
  postmark: PLAIN_200,
  // "respond to all Event Notifications with 200 OK HTTPS": https://developers.facebook.com/docs/graph-api/webhooks/getting-started
  meta: PLAIN_200,
  whatsapp: PLAIN_200,
  // "a 204 status code with no body": https://docs.discord.com/developers/events/webhook-events#responding-to-events
  discord: EMPTY_204,
  // "an HTTP 200 or 204 status code and an empty response body": https://airtable.com/developers/web/api/webhooks-overview
  airtable: EMPTY_204,
  // Empty, and 200 or 204: https://developer.okta.com/docs/concepts/event-hooks/
  okta: EMPTY_204,
  // "If a non-200 response is received": https://developer.x.com/en/docs/twitter-api/enterprise/account-activity-api/guides/activity-retries
  twitter: PLAIN_200,
  // https://docs.cdp.coinbase.com/commerce/api-arcitecture/webhooks-overview
  coinbase_commerce: PLAIN_200,
};

/** @param type the source's `verification.type` */
export const defaultAnswer = (type: string): DefaultAnswer =>
  Object.hasOwn(BY_TYPE, type) ? (BY_TYPE[type] ?? USUAL) : USUAL;
