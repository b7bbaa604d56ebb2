// The default answer to a sender: 202 with the event's id, except for providers that treat a 202 as a failure.

export interface DefaultAnswer {
  readonly status: number;
  /** Null for the usual JSON. */
  readonly body: { readonly type: string; readonly text: string } | null;
}

const USUAL: DefaultAnswer = { status: 202, body: null };
const PLAIN_200: DefaultAnswer = { status: 200, body: null };

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
};

/** @param type the source's `verification.type` */
export const defaultAnswer = (type: string): DefaultAnswer =>
  Object.hasOwn(BY_TYPE, type) ? (BY_TYPE[type] ?? USUAL) : USUAL;
