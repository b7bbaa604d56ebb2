// Tools that try a filter or a transform on an event that was received. Nothing is sent or changed; the API wants a token of scope `write` all
// the same, since they cost it time.
import * as z from "zod";
import type { AnswerOf } from "../../../src/api/openapi/client-types.ts";
import { safeHeaders, safeUrl } from "../bounded.ts";
import { tool } from "../tool.ts";
import { given, RANGE } from "./inputs.ts";

const object = z.record(z.string(), z.unknown());
const event_id = z.string().max(64).optional().describe("evt_…, an event to try it on");
const sample = object
  .optional()
  .describe("Instead of an event: {method, headers, body, query, path}, all of them optional");

/** The request that a transform makes, as text and without credentials. */
const shownRequest = ({ url, headers, body: _parsed, ...rest }: AnswerOf<"POST /transforms/test">): object => ({
  ...rest,
  url: url === null ? null : safeUrl(url),
  headers: safeHeaders(headers),
});

const MAX_EVENTS = 200;

export const previewTools = [
  tool({
    name: "preview_connection",
    title: "Try a connection on past events",
    description:
      "How many of a source's latest events a connection would take with another filter, transform or pace than now, or one that is not made yet, which change, which fail, and how long the backlog would take. Nothing is sent or changed.",
    writes: false,
    input: z
      .strictObject({
        connection: z.string().max(64).optional().describe("Slug or id; not with source and destination"),
        source: z
          .string()
          .max(64)
          .optional()
          .describe(
            "Of a connection that is not made yet, compared with one that takes every event as it is: slug or id",
          ),
        destination: z.string().max(64).optional().describe("Of a connection that is not made yet: slug or id"),
        filter: object.nullable().optional().describe("Null: every event. Not given: as it is now"),
        missing_matches_not: z
          .boolean()
          .optional()
          .describe("Whether a missing field meets $not. Not given: as it is now"),
        transform: object.nullable().optional().describe("Null: unchanged. Not given: as it is now"),
        rate_limit: z
          .strictObject({
            limit: z.number().positive(),
            period_seconds: z.number().positive().optional(),
            burst: z.number().positive().optional(),
          })
          .nullable()
          .optional()
          .describe("A pace for the destination. Null: none"),
        events: z.int().min(1).max(MAX_EVENTS).default(100).describe("How many of the source's latest events"),
        ...RANGE,
      })
      .refine(({ connection, source }) => (connection === undefined) !== (source === undefined), {
        path: ["connection"],
        error: "give either a connection, or the source of one that is not made yet",
      }),
    run: ({ client }, { connection, ...change }) =>
      connection === undefined
        ? client.call("POST /connections/preview", { body: given(change) as never })
        : client.call("POST /connections/{id}/preview", { id: connection, body: given(change) as never }),
  }),
  tool({
    name: "preview_filter",
    title: "Try a filter",
    description:
      "Whether a filter (parts headers, body, query, path) takes an event or a sample, and which clause fails.",
    writes: false,
    input: z.strictObject({ filter: object, event_id, sample }),
    run: ({ client }, input) => client.call("POST /filters/test", { body: given(input) as never }),
  }),
  tool({
    name: "preview_transform",
    title: "Try a transform",
    description: "The request that a transform makes of an event or a sample, or its error. Nothing is sent.",
    writes: false,
    input: z.strictObject({
      transform: object,
      event_id,
      sample,
      destination: z.string().max(64).optional().describe("Slug or id; with it the answer has the whole URL"),
    }),
    run: async ({ client }, input) =>
      shownRequest(await client.call("POST /transforms/test", { body: given(input) as never })),
  }),
];
