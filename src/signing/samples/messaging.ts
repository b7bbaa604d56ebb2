// Samples of chats, mails, calls and social networks.
import { instant, seconds, uuid, type Moment, type Sample, type Samples } from "./sample.ts";

const slack =
  (type: string, text: string) =>
  (moment: Moment): Sample => ({
    body: {
      type: "event_callback",
      team_id: "T0SAMPLE",
      api_app_id: "A0SAMPLE",
      event: { type, user: "U0SAMPLE", channel: "C0SAMPLE", text, ts: `${seconds(moment)}.000100` },
      event_id: `Ev${moment.id}`,
      event_time: seconds(moment),
    },
  });

const form =
  (fields: (moment: Moment) => Readonly<Record<string, string>>) =>
  (moment: Moment): Sample => ({
    isForm: true,
    body: { AccountSid: "ACsample", From: "+14155550100", To: "+14155550101", ...fields(moment) },
  });

const meta =
  (object: string, field: string, value: object) =>
  (moment: Moment): Sample => ({
    body: {
      object,
      entry: [{ id: "0", time: seconds(moment), changes: [{ field, value: { ...value, id: moment.id } }] }],
    },
  });

const discord =
  (type: string) =>
  (moment: Moment): Sample => ({
    body: {
      version: 1,
      application_id: "1234560123453231555",
      type: 1,
      event: { type, timestamp: instant(moment), data: {} },
    },
  });

const telegram =
  (member: string) =>
  (moment: Moment): Sample => ({
    body: {
      update_id: seconds(moment),
      [member]: { message_id: 1, date: seconds(moment), chat: { id: 1, type: "private" }, text: "/start" },
    },
  });

const twitter =
  (member: string) =>
  (moment: Moment): Sample => ({
    body: { for_user_id: "2244994945", [member]: [{ id_str: moment.id, text: "A sample post" }] },
  });

const intercom =
  (topic: string) =>
  (moment: Moment): Sample => ({
    body: {
      type: "notification_event",
      id: `notif_${moment.id}`,
      topic,
      app_id: "sample",
      created_at: seconds(moment),
      data: { type: "notification_event_data", item: { type: "conversation", id: moment.id } },
    },
  });

const mailgun =
  (event: string) =>
  (moment: Moment): Sample => ({
    body: {
      signature: { token: moment.id, timestamp: "", signature: "" },
      "event-data": { id: moment.id, event, timestamp: seconds(moment), recipient: "jane@example.com" },
    },
  });

const sendgrid =
  (event: string) =>
  (moment: Moment): Sample => ({
    body: [{ email: "jane@example.com", timestamp: seconds(moment), event, sg_event_id: moment.id }],
  });

const postmark =
  (type: string) =>
  (moment: Moment): Sample => ({
    body: {
      RecordType: type,
      MessageID: uuid(moment),
      Recipient: "jane@example.com",
      Tag: "sample",
      DeliveredAt: instant(moment),
    },
  });

const zoom =
  (event: string) =>
  (moment: Moment): Sample => ({
    body: {
      event,
      event_ts: moment.now,
      payload: { account_id: "sample", object: { id: "1234567890", uuid: moment.id, topic: "A sample meeting" } },
    },
  });

const twitch =
  (type: string, event: object) =>
  (moment: Moment): Sample => ({
    headers: {
      "twitch-eventsub-message-id": uuid(moment),
      "twitch-eventsub-message-type": "notification",
      "twitch-eventsub-subscription-type": type,
      "twitch-eventsub-subscription-version": "2",
    },
    body: {
      subscription: { id: uuid(moment), type, version: "2", status: "enabled", created_at: instant(moment) },
      event: { broadcaster_user_id: "1337", broadcaster_user_login: "cool_user", ...event },
    },
  });

export const MESSAGING = {
  slack: {
    app_mention: slack("app_mention", "<@U0BOT> is it everything a river should be?"),
    message: slack("message", "Hello, a sample message"),
    reaction_added: slack("reaction_added", "thumbsup"),
  },
  twilio: {
    delivered: form(({ id }) => ({ MessageSid: `SM${id}`, SmsSid: `SM${id}`, MessageStatus: "delivered" })),
    received: form(({ id }) => ({
      MessageSid: `SM${id}`,
      SmsStatus: "received",
      MessageStatus: "received",
      Body: "Hi",
    })),
    completed: form(({ id }) => ({ CallSid: `CA${id}`, CallStatus: "completed", Direction: "inbound" })),
  },
  meta: {
    feed: meta("page", "feed", { item: "status", verb: "add" }),
    leadgen: meta("page", "leadgen", { form_id: "1" }),
  },
  whatsapp: {
    messages: meta("whatsapp_business_account", "messages", {
      messaging_product: "whatsapp",
      messages: [{ from: "14155550100", type: "text", text: { body: "Hello, a sample message" } }],
    }),
  },
  discord: {
    APPLICATION_AUTHORIZED: discord("APPLICATION_AUTHORIZED"),
    ENTITLEMENT_CREATE: discord("ENTITLEMENT_CREATE"),
  },
  telegram: { message: telegram("message"), channel_post: telegram("channel_post") },
  twitter: { tweet_create_events: twitter("tweet_create_events"), favorite_events: twitter("favorite_events") },
  intercom: {
    "conversation.user.created": intercom("conversation.user.created"),
    "conversation.admin.closed": intercom("conversation.admin.closed"),
  },
  mailgun: { delivered: mailgun("delivered"), opened: mailgun("opened"), failed: mailgun("failed") },
  sendgrid: { delivered: sendgrid("delivered"), bounce: sendgrid("bounce") },
  postmark: { Delivery: postmark("Delivery"), Bounce: postmark("Bounce") },
  zoom: { "meeting.started": zoom("meeting.started"), "meeting.ended": zoom("meeting.ended") },
  twitch: {
    "channel.follow": twitch("channel.follow", { user_login: "cooler_user" }),
    "stream.online": twitch("stream.online", { type: "live" }),
  },
} satisfies Record<string, Samples>;
