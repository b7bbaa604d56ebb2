// The contract of sources: where webhooks come in.
import { sourceSpecSchema } from "../../model/source.ts";
import { chapter } from "./operation.ts";
import { changed, created, kept } from "./record-forms.ts";
import { object, say, text } from "./schema.ts";

export const sources = chapter({
  name: "Sources",
  description: "Where webhooks come in: one URL each, and how its sender is verified.",
  schemas: () => ({
    Source: kept(sourceSpecSchema, { url: say(text, "The URL that its sender posts to") }),
    NewSource: created(sourceSpecSchema),
    SourceChange: changed(sourceSpecSchema),
    LearnedSecret: object({ secret: text }),
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
  },
  operations: {
    "GET /sources": { id: "listSources", summary: "List sources, newest first", answer: [200, "Source"], list: true },
    "POST /sources": {
      id: "createSource",
      summary: "Create a source",
      description:
        "A name or a slug is enough: each is derived from the other. The answer's `url` is the one to configure at the sender.",
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
    "POST /sources/{id}/learned-secret": {
      id: "tellLearnedSecret",
      summary: "The token of the last handshake (Notion), for an hour after it",
      answer: [200, "LearnedSecret"],
      problems: ["not_found"],
    },
  },
});
