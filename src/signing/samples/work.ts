// Samples of customers, forms, documents and calendars.
import { instant, seconds, uuid, type Moment, type Sample, type Samples } from "./sample.ts";

const hubspot =
  (subscriptionType: string) =>
  (moment: Moment): Sample => ({
    body: [{ eventId: seconds(moment), subscriptionType, portalId: 33, occurredAt: moment.now, objectId: 1_246_965 }],
  });

const typeform = (moment: Moment): Sample => ({
  body: {
    event_id: moment.id,
    event_type: "form_response",
    form_response: {
      form_id: "sample",
      token: moment.id,
      submitted_at: instant(moment),
      answers: [{ type: "text", text: "A sample answer", field: { id: "1", type: "short_text" } }],
    },
  },
});

const zendesk =
  (type: string) =>
  (moment: Moment): Sample => ({
    body: {
      id: moment.id,
      type,
      time: instant(moment),
      zendesk_event_version: "2022-06-20",
      account_id: 12_514_403,
      detail: { id: "6596848315901", email: "jane@example.com" },
      event: {},
    },
  });

const docusign =
  (event: string) =>
  (moment: Moment): Sample => ({
    body: {
      event,
      apiVersion: "v2.1",
      generatedDateTime: instant(moment),
      data: { accountId: uuid(moment), envelopeId: uuid(moment) },
    },
  });

const dropbox = (): Sample => ({
  body: { list_folder: { accounts: ["dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc"] }, delta: { users: [12_345_678] } },
});

const notion =
  (type: string) =>
  (moment: Moment): Sample => ({
    body: {
      id: uuid(moment),
      timestamp: instant(moment),
      type,
      entity: { id: uuid(moment), type: "page" },
      attempt_number: 1,
      data: {},
    },
  });

const airtable = (moment: Moment): Sample => ({
  body: { base: { id: "app00000000000000" }, webhook: { id: "ach00000000000000" }, timestamp: instant(moment) },
});

const calendly =
  (event: string) =>
  (moment: Moment): Sample => ({
    body: {
      event,
      created_at: instant(moment),
      created_by: "https://api.calendly.com/users/sample",
      payload: { uri: `https://api.calendly.com/invitees/${moment.id}`, email: "jane@example.com", name: "Jane Doe" },
    },
  });

const webflow =
  (triggerType: string) =>
  (moment: Moment): Sample => ({
    body: { triggerType, payload: { id: moment.id, name: "Contact", data: { Email: "jane@example.com" } } },
  });

const asana =
  (action: string) =>
  (moment: Moment): Sample => ({
    body: {
      events: [
        {
          action,
          created_at: instant(moment),
          resource: { gid: String(seconds(moment)), resource_type: "task" },
          user: { gid: "1", resource_type: "user" },
        },
      ],
    },
  });

export const WORK = {
  hubspot: {
    "contact.creation": hubspot("contact.creation"),
    "deal.propertyChange": hubspot("deal.propertyChange"),
  },
  typeform: { form_response: typeform },
  zendesk: {
    "zen:event-type:user.created": zendesk("zen:event-type:user.created"),
    "zen:event-type:ticket.created": zendesk("zen:event-type:ticket.created"),
  },
  docusign: {
    "envelope-completed": docusign("envelope-completed"),
    "envelope-sent": docusign("envelope-sent"),
  },
  dropbox: { list_folder: dropbox },
  notion: {
    "page.created": notion("page.created"),
    "page.content_updated": notion("page.content_updated"),
  },
  // Its notifications have no type.
  airtable: { notification: airtable },
  calendly: { "invitee.created": calendly("invitee.created"), "invitee.canceled": calendly("invitee.canceled") },
  webflow: { form_submission: webflow("form_submission"), site_publish: webflow("site_publish") },
  asana: { added: asana("added"), changed: asana("changed") },
} satisfies Record<string, Samples>;
