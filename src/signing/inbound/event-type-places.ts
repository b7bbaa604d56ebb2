// Where each provider puts the type of an event. Data only, from the providers' own pages; the first place that has a type counts.
import type { EventTypeRule } from "../../model/event-type.ts";
import type { PresetName } from "../../model/verification.ts";

/** `member`: the name of the body's first member that fits is the type. */
export type EventTypePlace = EventTypeRule | { readonly member: RegExp };

const header = (name: string): EventTypePlace => ({ header: name });
const json = (path: string): EventTypePlace => ({ json: path });
const TYPE = [json("type")];

/** A batch has the type of its first event. */
export const EVENT_TYPE_PLACES: Readonly<Record<PresetName, readonly EventTypePlace[]>> = {
  standard_webhooks: TYPE,
  svix: TYPE,
  clerk: TYPE,
  resend: TYPE,
  openai: TYPE,
  stripe: TYPE,
  square: TYPE,
  vercel: TYPE,
  notion: TYPE,
  zendesk: TYPE,
  github: [header("x-github-event")],
  gitlab: [header("x-gitlab-event")],
  shopify: [header("x-shopify-topic"), header("shopify-topic")],
  woocommerce: [header("x-wc-webhook-topic")],
  sentry: [header("sentry-hook-resource")],
  twitch: [header("twitch-eventsub-subscription-type")],
  linear: [header("linear-event"), json("type")],
  aws_sns: [header("x-amz-sns-message-type"), json("Type")],
  // Events, then slash commands, which are forms.
  slack: [json("event.type"), json("type"), json("command")],
  // Webhook events, then interactions, whose types are numbers.
  discord: [json("event.type"), json("type")],
  // Conversations and TaskRouter, then status callbacks of messages and calls.
  twilio: [json("EventType"), json("MessageStatus"), json("CallStatus")],
  // Messenger and Instagram send `messaging` in place of `changes`.
  meta: [json("entry[0].changes[0].field"), json("object")],
  whatsapp: [json("entry[0].changes[0].field")],
  paddle: [json("event_type")],
  chargebee: [json("event_type")],
  typeform: [json("event_type")],
  zoom: [json("event")],
  calendly: [json("event")],
  docusign: [json("event")],
  razorpay: [json("event")],
  paystack: [json("event")],
  pagerduty: [json("event.event_type")],
  coinbase_commerce: [json("event.type")],
  intercom: [json("topic")],
  hubspot: [json("0.subscriptionType")],
  webflow: [json("triggerType")],
  // The older webhooks are forms.
  mailgun: [json("event-data.event"), json("event")],
  sendgrid: [json("0.event")],
  postmark: [json("RecordType")],
  // Standard notifications, then those of its platforms.
  adyen: [json("notificationItems[0].NotificationRequestItem.eventCode"), json("type")],
  asana: [json("events[0].action")],
  okta: [json("data.events[0].eventType")],
  microsoft_graph: [json("value[0].lifecycleEvent"), json("value[0].changeType")],
  // X Activity, then Account Activity: `{"for_user_id": …, "tweet_create_events": […]}`.
  twitter: [json("data.event_type"), { member: /_events?$/ }],
  // `{"update_id": …, "message": {…}}`: an update has at most one member besides its id.
  telegram: [{ member: /^(?!update_id$)/ }],
  dropbox: [{ member: /^list_folder$/ }],
  // Its pings say only that there is something to fetch.
  airtable: [],
};
