// The type of an event, in the forms of body that the providers' pages show.
import { describe, expect, it } from "vitest";
import { EVENT_TYPE_PLACES, eventType } from "../../../src/signing/index.ts";
import { eventTypeSchema } from "../../../src/model/event-type.ts";
import { sourceSpecSchema } from "../../../src/model/source.ts";

type Case = readonly [preset: string, headers: Readonly<Record<string, string>>, body: unknown, type: string | null];

const CASES: readonly Case[] = [
  [
    "standard_webhooks",
    {},
    { type: "contact.created", timestamp: "2022-11-03T20:26:10.344522Z", data: {} },
    "contact.created",
  ],
  ["svix", {}, { type: "invoice.paid", data: {} }, "invoice.paid"],
  ["clerk", {}, { data: { id: "user_29w83" }, object: "event", type: "user.created" }, "user.created"],
  ["resend", {}, { type: "email.bounced", created_at: "2024-02-22T23:41:12Z", data: {} }, "email.bounced"],
  ["openai", {}, { object: "event", id: "evt_1", type: "response.completed", data: {} }, "response.completed"],
  ["stripe", {}, { id: "evt_1", object: "event", type: "invoice.paid", data: { object: {} } }, "invoice.paid"],
  ["square", {}, { merchant_id: "6SSW7HV8K2ST5", type: "payment.created", data: {} }, "payment.created"],
  ["vercel", {}, { id: "1", type: "deployment.created", createdAt: 1, payload: {} }, "deployment.created"],
  ["notion", {}, { id: "1", type: "page.content_updated", entity: { type: "page" } }, "page.content_updated"],
  ["zendesk", {}, { type: "zen:event-type:user.created", event: {}, detail: {} }, "zen:event-type:user.created"],
  ["github", { "X-GitHub-Event": "pull_request" }, { action: "opened" }, "pull_request"],
  ["github", { "X-GitHub-Event": "push" }, undefined, "push"],
  ["gitlab", { "X-Gitlab-Event": "Merge Request Hook" }, { object_kind: "merge_request" }, "Merge Request Hook"],
  ["shopify", { "X-Shopify-Topic": "orders/create" }, { id: 1 }, "orders/create"],
  ["shopify", { "Shopify-Topic": "products/update" }, { id: 1 }, "products/update"],
  ["woocommerce", { "X-WC-Webhook-Topic": "order.updated" }, { id: 727 }, "order.updated"],
  ["sentry", { "Sentry-Hook-Resource": "issue" }, { action: "created" }, "issue"],
  ["twitch", { "Twitch-Eventsub-Subscription-Type": "channel.follow" }, { subscription: {} }, "channel.follow"],
  ["linear", { "Linear-Event": "Issue" }, { action: "create", type: "Issue" }, "Issue"],
  ["linear", {}, { action: "create", type: "Comment" }, "Comment"],
  ["aws_sns", { "x-amz-sns-message-type": "Notification" }, { Type: "Notification" }, "Notification"],
  ["aws_sns", {}, { Type: "Notification", MessageId: "1" }, "Notification"],
  ["slack", {}, { type: "event_callback", event: { type: "app_mention" } }, "app_mention"],
  ["slack", {}, { type: "app_rate_limited" }, "app_rate_limited"],
  ["slack", {}, { command: "/weather", text: "94070" }, "/weather"],
  ["discord", {}, { type: 1, event: { type: "APPLICATION_AUTHORIZED" } }, "APPLICATION_AUTHORIZED"],
  ["discord", {}, { type: 2, data: { name: "cardsearch" } }, "2"],
  ["twilio", {}, { EventType: "onMessageAdded", ConversationSid: "CH1" }, "onMessageAdded"],
  ["twilio", {}, { MessageSid: "SM1", MessageStatus: "delivered" }, "delivered"],
  ["twilio", {}, { CallSid: "CA1", CallStatus: "completed" }, "completed"],
  ["meta", {}, { object: "page", entry: [{ id: "0", changes: [{ field: "feed", value: {} }] }] }, "feed"],
  ["meta", {}, { object: "instagram", entry: [{ id: "0", messaging: [{}] }] }, "instagram"],
  ["whatsapp", {}, { object: "whatsapp_business_account", entry: [{ changes: [{ field: "messages" }] }] }, "messages"],
  ["paddle", {}, { event_id: "evt_1", event_type: "transaction.billed", data: {} }, "transaction.billed"],
  ["chargebee", {}, { id: "ev_1", event_type: "subscription_created", content: {} }, "subscription_created"],
  ["typeform", {}, { event_id: "1", event_type: "form_response", form_response: {} }, "form_response"],
  ["zoom", {}, { event: "meeting.started", payload: {} }, "meeting.started"],
  ["calendly", {}, { event: "invitee.created", payload: {} }, "invitee.created"],
  ["docusign", {}, { event: "envelope-completed", apiVersion: "v2.1", data: {} }, "envelope-completed"],
  ["razorpay", {}, { entity: "event", event: "payment.captured", payload: {} }, "payment.captured"],
  ["paystack", {}, { event: "charge.success", data: {} }, "charge.success"],
  ["pagerduty", {}, { event: { id: "1", event_type: "incident.triggered" } }, "incident.triggered"],
  ["coinbase_commerce", {}, { id: 1, event: { id: "2", type: "charge:confirmed" } }, "charge:confirmed"],
  ["intercom", {}, { type: "notification_event", topic: "conversation.user.created" }, "conversation.user.created"],
  ["hubspot", {}, [{ eventId: 1, subscriptionType: "contact.creation" }, {}], "contact.creation"],
  ["webflow", {}, { triggerType: "form_submission", payload: {} }, "form_submission"],
  ["mailgun", {}, { signature: {}, "event-data": { event: "opened" } }, "opened"],
  ["mailgun", {}, { event: "delivered", token: "t" }, "delivered"],
  ["sendgrid", {}, [{ email: "a@example.com", event: "processed" }], "processed"],
  ["postmark", {}, { RecordType: "Bounce", Type: "HardBounce" }, "Bounce"],
  ["adyen", {}, { notificationItems: [{ NotificationRequestItem: { eventCode: "AUTHORISATION" } }] }, "AUTHORISATION"],
  ["adyen", {}, { type: "balancePlatform.accountHolder.created" }, "balancePlatform.accountHolder.created"],
  ["asana", {}, { events: [{ action: "changed", resource: { resource_type: "task" } }] }, "changed"],
  ["asana", {}, { events: [] }, null],
  ["okta", {}, { data: { events: [{ eventType: "user.lifecycle.create" }] } }, "user.lifecycle.create"],
  ["microsoft_graph", {}, { value: [{ changeType: "updated", clientState: "s" }] }, "updated"],
  ["microsoft_graph", {}, { value: [{ lifecycleEvent: "subscriptionRemoved" }] }, "subscriptionRemoved"],
  ["twitter", {}, { for_user_id: "2244994945", tweet_create_events: [{}] }, "tweet_create_events"],
  ["twitter", {}, { data: { event_type: "profile.update.bio" } }, "profile.update.bio"],
  ["telegram", {}, { update_id: 10000, message: { text: "/start" } }, "message"],
  ["telegram", {}, { update_id: 10001, edited_channel_post: {} }, "edited_channel_post"],
  ["dropbox", {}, { list_folder: { accounts: ["dbid:1"] }, delta: { users: [1] } }, "list_folder"],
  ["airtable", {}, { base: { id: "app0" }, webhook: { id: "ach0" }, timestamp: "2022-02-01T21:25:05Z" }, null],
  ["none", { "x-github-event": "push" }, { type: "a" }, null],
  ["hmac", {}, { type: "a" }, null],
];

const of = (type: string, headers: Readonly<Record<string, string>>, body: unknown, own: unknown = null) =>
  eventType(
    { verification: { type }, event_type: own === null ? null : eventTypeSchema.parse(own) },
    Object.entries(headers),
    body,
  );

describe("the type of an event", () => {
  it.each(CASES)("of %s with %j and %j is %s", (preset, headers, body, expected) => {
    expect(of(preset, headers, body)).toBe(expected);
  });

  it("is known for every provider but Airtable, whose pings have none", () => {
    const without = Object.entries(EVENT_TYPE_PLACES).filter(([, places]) => places.length === 0);
    expect(without.map(([name]) => name)).toEqual(["airtable"]);
    const tested = new Set(CASES.filter(([, , , type]) => type !== null).map(([preset]) => preset));
    expect(Object.keys(EVENT_TYPE_PLACES).filter((name) => !tested.has(name))).toEqual(["airtable"]);
  });

  it.each([
    ["undefined", undefined],
    ["text", "type"],
    ["null", null],
    ["a number", 7],
    ["an empty list", []],
    ["an object as the type", { type: { name: "a" } }],
    ["an empty type", { type: "" }],
    ["white space", { type: " \n" }],
    ["a type with a line end", { type: "a\nb" }],
    ["a type with a NUL", { type: "a\u0000" }],
    ["half a surrogate pair", { type: "a\ud800" }],
    ["129 characters", { type: "x".repeat(129) }],
  ])("is null for %s", (_what, body) => {
    expect(of("stripe", {}, body)).toBeNull();
  });

  it("has up to 128 characters, and no white space around it", () => {
    expect(of("stripe", {}, { type: "x".repeat(128) })).toBe("x".repeat(128));
    expect(of("github", { "x-github-event": " push " }, undefined)).toBe("push");
  });

  it("is where the source says, whatever its provider says", () => {
    const body = { kind: "own", type: "a", items: [{ "odd-name": "deep" }], n: 12345678901234567890n };
    expect(of("stripe", {}, body, { json: "kind" })).toBe("own");
    expect(of("none", {}, body, { json: "$.items[0].odd-name" })).toBe("deep");
    expect(of("none", {}, body, { json: "items.0.odd-name" })).toBe("deep");
    expect(of("none", {}, body, { json: "n" })).toBe("12345678901234567890");
    expect(of("none", { "X-Kind": "k" }, body, { header: "x-kind" })).toBe("k");
    expect(of("stripe", {}, body, { json: "missing" })).toBeNull();
    expect(of("stripe", {}, body, { header: "x-missing" })).toBeNull();
  });

  it("is not read from what every object has, nor for a type of verification named like it", () => {
    for (const json of ["constructor", "__proto__.x", "toString"]) expect(of("none", {}, {}, { json })).toBeNull();
    expect(of("constructor", {}, { type: "a" })).toBeNull();
  });

  it("is found for a source that an earlier version wrote, without the field", () => {
    expect(eventType({ verification: { type: "stripe" } }, [], { type: "a" })).toBe("a");
  });
});

describe("the event_type of a source", () => {
  const parse = (event_type: unknown) => sourceSpecSchema.safeParse({ name: "a", slug: "a", event_type });

  it("is a header or a path, or null", () => {
    for (const rule of [{ header: "X-Event" }, { json: "event.type" }, { json: "$.events[0].type" }, null])
      expect(parse(rule)).toMatchObject({ success: true, data: { event_type: rule } });
    expect(sourceSpecSchema.parse({ name: "a", slug: "a" }).event_type).toBeNull();
  });

  it.each([
    {},
    { header: "" },
    { header: "a b" },
    { json: "" },
    { json: "a..b" },
    { json: "a b" },
    { header: "x", json: "y" },
    { path: "x" },
    "x-event",
    { json: "x".repeat(600) },
  ])("is refused as %j", (rule) => {
    expect(parse(rule).success).toBe(false);
  });
});
