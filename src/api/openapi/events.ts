// The contract of events: received or published, and their deliveries.
import { IGNORED_REASONS } from "../../model/ignored.ts";
import { EVENT_STATUSES } from "../../model/lifecycle.ts";
import { publishSchema } from "../publish-input.ts";
import { DELIVERY, type DeliveryAnswer } from "./deliveries.ts";
import { inputSchema } from "./derived.ts";
import { chapter } from "./operation.ts";
import { FROM, SOURCE, taking, TO, TYPE } from "./parameters.ts";
import {
  flag,
  headers,
  instant,
  list,
  nullable,
  number,
  object,
  oneOf,
  ref,
  say,
  text,
  type TypeOf,
} from "./schema.ts";

const fields = {
  id: text,
  source: nullable(text),
  source_slug: nullable(text),
  event_type: say(nullable(text), "As its sender names it, at most 128 characters; null where it has none"),
  received_at: instant,
  method: text,
  path: say(text, "The sub-path after the source's URL"),
  query: text,
  headers,
  content_type: nullable(text),
  body_bytes: number,
  verified: say(nullable(flag), "Null where the source does not verify"),
  duplicate_of: say(nullable(text), "The event that it duplicates; it is not delivered"),
  published: say(flag, "Whether it came by POST /events"),
  deliver_at: nullable(instant),
  callback_url: nullable(text),
  failure_callback_url: nullable(text),
  callback_of: say(nullable(text), "The delivery that a callback reports"),
  status: oneOf(EVENT_STATUSES),
};
const ignored = object({
  connection: say(nullable(text), "Null where the source has no connection at all"),
  reason: oneOf(IGNORED_REASONS),
  failed_clause: nullable(text),
});
/** Unknown until the event is recorded: its id says only when it was received. */
const UNRECORDED = (Object.keys(fields) as (keyof typeof fields)[]).filter(
  (name): name is Exclude<keyof typeof fields, "id" | "status" | "received_at"> =>
    !["id", "status", "received_at"].includes(name),
);
const EVENT: TypeOf<ReturnType<typeof object<typeof fields>>> = {
  id: "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e",
  source: "src_01kaxh8e3m7v9q2r4t6w8y0a1b",
  source_slug: "shop",
  event_type: "order.created",
  received_at: "2026-11-24T09:00:00.000Z",
  method: "POST",
  path: "",
  query: "",
  headers: [["content-type", "application/json"]],
  content_type: "application/json",
  body_bytes: 27,
  verified: true,
  duplicate_of: null,
  published: false,
  deliver_at: null,
  callback_url: null,
  failure_callback_url: null,
  callback_of: null,
  status: "in_progress",
};

export const EVENT_STATUS = taking(oneOf(EVENT_STATUSES), "In this state", "dead");

export const events = chapter({
  name: "Events",
  description: "Received or published, byte for byte, with their deliveries.",
  schemas: () => ({
    NewEvent: inputSchema(publishSchema),
    CallbackSecrets: object({ secrets: list(text) }),
    Accepted: object({ id: text, status: oneOf(["accepted"]) }),
    Event: object(
      {
        ...fields,
        incomplete: say(
          oneOf([true]),
          "Its query and headers were not read, and are empty here. Read the event by its id",
        ),
      },
      ["incomplete"],
    ),
    EventWithDeliveries: object(
      {
        ...fields,
        removed_early: say(
          flag,
          "Only with `accepted`: it is not on record, and what had ended of its time was removed early, because the database was filling up",
        ),
        deliveries: list(ref<DeliveryAnswer>("Delivery")),
        ignored_by: list(ignored),
      },
      [...UNRECORDED, "removed_early"],
    ),
    EventReplayPlan: object({ dry_run: oneOf([true]), data: list(ref<DeliveryAnswer>("Delivery")) }),
    Replay: object({ connection: say(text, "Over this connection only: id or slug") }, ["connection"]),
  }),
  examples: {
    NewEvent: {
      source: "shop",
      body: { type: "order.created", id: "4711" },
      headers: { "x-tenant": "acme" },
    },
    CallbackSecrets: { secrets: ["whsec_Y2FsbGJhY2tzLWFyZS1zaWduZWQtd2l0aC10aGlz"] },
    Accepted: { id: "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e", status: "accepted" },
    Event: EVENT,
    EventWithDeliveries: { ...EVENT, deliveries: [DELIVERY], ignored_by: [] },
    EventReplayPlan: { dry_run: true, data: [DELIVERY] },
    Replay: { connection: "shop-orders" },
  },
  operations: {
    "GET /events": {
      id: "listEvents",
      summary: "List events, newest first",
      answer: [200, "Event"],
      list: true,
      problems: ["payload_unavailable"],
      query: {
        source: SOURCE,
        from: FROM,
        to: TO,
        status: EVENT_STATUS,
        type: TYPE,
        search: taking(
          { type: "string", minLength: 2, maxLength: 200 },
          "Contains this text in the source's name, the path, the query, a header or a text body, case ignored",
          "order.created",
        ),
        content: taking(
          oneOf(["true", "false"]),
          "`false`: without queries and headers, which then need not be read where the bodies are. Without a search only",
          "false",
        ),
      },
    },
    "POST /events": {
      id: "publishEvent",
      summary: "Publish an event to a source's connections or straight to destinations, now or later",
      body: "NewEvent",
      bodyExamples: {
        straight_and_later: {
          destinations: ["orders"],
          body_base64: "aGVsbG8=",
          headers: { "content-type": "text/plain" },
          delay_seconds: 900,
        },
      },
      answer: [202, "Accepted"],
      answerHeaders: ["sluice-event-id"],
      problems: ["unavailable"],
    },
    "GET /events/{id}": {
      id: "getEvent",
      summary: "Read an event with its deliveries",
      description:
        "Directly after the 202, and of an event that was removed early, only `id`, `status` and `received_at` are known.",
      answer: [200, "EventWithDeliveries"],
      problems: ["not_found", "record_unreadable", "payload_unavailable"],
    },
    "GET /events/{id}/body": {
      id: "getEventBody",
      summary: "The exact bytes of an event's body",
      description: "Never with the sender's content type, so that a browser does not run what a sender posted.",
      answer: [200, null],
      answerHeaders: ["content-disposition", "x-content-type-options"],
      problems: ["not_found", "event_not_recorded", "record_unreadable", "payload_unavailable"],
    },
    "POST /events/{id}/replay": {
      id: "replayEvent",
      summary: "Deliver an event over the connections that take it now, or over one of them",
      description:
        "Whether it was delivered, ignored or a duplicate before. An event that was published straight to destinations goes to these again.",
      body: "Replay",
      bodyRequired: false,
      answer: [202, "Delivery"],
      list: true,
      plan: [200, "EventReplayPlan"],
      query: { dry_run: taking(flag, "Only say what it would make", true) },
      problems: ["not_found", "event_not_recorded", "nothing_matches", "record_unreadable", "payload_unavailable"],
    },
    "GET /callbacks/secret": {
      id: "getCallbackSecrets",
      summary: "The secrets that sign callbacks (Standard Webhooks), the current one first",
      answer: [200, "CallbackSecrets"],
    },
  },
});
