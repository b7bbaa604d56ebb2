// The contract of sources: where webhooks come in.
import { sourceSpecSchema } from "../../model/source.ts";
import { chapter } from "./operation.ts";
import { BY_HEALTH, NAMED, taking } from "./parameters.ts";
import { changed, created, kept, withOptional } from "./record-forms.ts";
import { anything, flag, list, nullable, number, object, oneOf, say, text } from "./schema.ts";
import { SOURCE_HEALTH } from "../../model/health.ts";

const requests = object({ accepted: number, refused: number });

const HEALTH = taking(oneOf(["health"]), "`health` adds `health` and what it accepted and refused of late", "health");
import { UNSIGNED } from "../sample-outcomes.ts";

const sampleOrder = object(
  {
    provider: say(text, "Whose sample, for a source that does not verify a provider by name"),
    type: say(text, "The type of the event, as the provider names it. By default a usual one"),
    body: say(anything, "JSON in place of the sample's body"),
  },
  ["provider", "type", "body"],
);

const sampleSent = object({
  id: text,
  status: oneOf(["accepted"]),
  event_type: nullable(text),
  signed: say(flag, "Whether it was signed, and passed the source's verification"),
  unsigned_because: say(
    oneOf([...UNSIGNED, null]),
    "`no_verification`: the source verifies nobody. `awaiting_secret`: it has no secret yet. `sender_only`: nobody but the sender can sign. `allowed_ips`: Sluice's own requests come from no address",
  ),
});

export const sources = chapter({
  name: "Sources",
  description: "Where webhooks come in: one URL each, and how its sender is verified.",
  schemas: () => ({
    Source: withOptional(
      kept(sourceSpecSchema, {
        url: say(text, "The URL that its sender posts to"),
        awaiting_secret: say(flag, "Whether it has no secret yet, and refuses requests with `awaiting_secret`"),
      }),
      {
        health: say(oneOf(SOURCE_HEALTH), "Its worst state: see `health_reasons`"),
        health_reasons: say(list(oneOf(SOURCE_HEALTH)), "The states that hold, the worst first"),
        recent: say(requests, "Within the last 15 minutes"),
        last_day: say(
          nullable(requests),
          "Within the last 24 hours, without what was accepted in the current hour; null if nothing was refused",
        ),
      },
    ),
    NewSource: created(sourceSpecSchema),
    SourceChange: changed(sourceSpecSchema),
    LearnedSecret: object({ secret: text }),
    SampleOrder: sampleOrder,
    SampleSent: sampleSent,
  }),
  examples: {
    Source: {
      id: "src_01kaxh8e3m7v9q2r4t6w8y0a1b",
      name: "Shop",
      slug: "shop",
      enabled: true,
      verification: {
        type: "stripe",
        on_failure: "reject",
        allowed_ips: [],
        tolerance_seconds: 300,
        secrets_set: { secrets: ["sealed"] },
      },
      allowed_methods: ["POST"],
      max_body_bytes: 1_048_576,
      forward_credentials: false,
      dedupe: { key: "body:id", window_seconds: 86_400 },
      event_type: null,
      rate_limit: null,
      response: null,
      url: "https://sluice.example.com/in/shop",
      awaiting_secret: false,
      created_at: "2026-11-24T09:00:00.000Z",
      updated_at: "2026-11-24T09:00:00.000Z",
    },
    NewSource: {
      name: "Shop",
      verification: { type: "stripe", secrets: ["whsec_from_the_dashboard"] },
      allowed_methods: ["POST"],
      dedupe: { key: "body:id", window_seconds: 86_400 },
    },
    SourceChange: { max_body_bytes: 262_144 },
    LearnedSecret: { secret: "secret_said_in_the_handshake" },
    SampleOrder: { type: "invoice.paid" },
    SampleSent: {
      id: "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e",
      status: "accepted",
      event_type: "invoice.paid",
      signed: true,
      unsigned_because: null,
    },
  },
  operations: {
    "GET /sources": {
      id: "listSources",
      summary: "List sources, newest first",
      answer: [200, "Source"],
      list: true,
      query: { search: NAMED, order: BY_HEALTH, expand: HEALTH },
    },
    "POST /sources": {
      id: "createSource",
      summary: "Create a source",
      description:
        "A name or a slug is enough: each is derived from the other. The answer's `url` is the one to configure at the sender. The secret can follow later: until then `awaiting_secret` is true, and requests are refused.",
      body: "NewSource",
      bodyExamples: {
        open: { slug: "open" },
        own_signature: {
          slug: "partner",
          verification: {
            type: "hmac",
            secrets: [{ secret: "PARTNER_SECRET" }],
            header: "x-signature",
            prefix: "sha256=",
          },
        },
      },
      answer: [201, "Source"],
      problems: ["slug_taken"],
    },
    "GET /sources/{id}": {
      id: "getSource",
      summary: "Read a source",
      query: { expand: HEALTH },
      answer: [200, "Source"],
      problems: ["not_found"],
    },
    "PATCH /sources/{id}": {
      id: "updateSource",
      summary: "Change the fields given",
      description:
        "A `verification` of the same type keeps stored secrets that are not given. Changes reach the edge within a minute.",
      body: "SourceChange",
      answer: [200, "Source"],
      problems: ["not_found", "slug_taken", "conflict"],
    },
    "DELETE /sources/{id}": {
      id: "deleteSource",
      summary: "Delete a source and its connections",
      description: "Deliveries of its events that still wait are cancelled.",
      answer: [204, null],
      problems: ["not_found"],
    },
    "POST /sources/{id}/test": {
      id: "testSource",
      summary: "Send a sample of its provider's events through it",
      description:
        "Signed with the source's secret where Sluice can: then it takes the way of every request, with verification, deduplication and limits. Otherwise it is published without a signature, and `unsigned_because` says why.",
      body: "SampleOrder",
      bodyRequired: false,
      answer: [202, "SampleSent"],
      answerHeaders: ["sluice-event-id"],
      problems: ["not_found", "unavailable", "sample_refused"],
    },
    "POST /sources/{id}/learned-secret": {
      id: "tellLearnedSecret",
      summary: "The token of the last handshake (Notion), for an hour after it",
      answer: [200, "LearnedSecret"],
      problems: ["not_found"],
    },
  },
});
