// The contract of connections: which events of a source go to which destination.
import { connectionSpecSchema } from "../../model/connection.ts";
import { newPreviewSchema, PREVIEW_OUTCOMES, previewSchema } from "../preview-input.ts";
import { inputSchema } from "./derived.ts";
import { chapter } from "./operation.ts";
import { DESTINATION, NAMED, SOURCE } from "./parameters.ts";
import { changed, kept } from "./record-forms.ts";
import {
  flag,
  instant,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  propertiesOf,
  say,
  text,
  type Schema,
  type TypeOf,
} from "./schema.ts";

const name = say(text, "Id or slug");
type NewConnection = TypeOf<ReturnType<typeof changed<typeof connectionSpecSchema>>> & {
  readonly source: string;
  readonly destination: string;
};

const tried = object({ matched: flag, failed_clause: nullable(text), error: nullable(text) });

export const connections = chapter({
  name: "Connections",
  description: "Which events of a source go to which destination, and how they are transformed.",
  schemas: () => ({
    Connection: kept(connectionSpecSchema, {
      source: say(text, "Its id"),
      source_slug: nullable(text),
      destination: say(text, "Its id"),
      destination_slug: nullable(text),
      paused: flag,
    }),
    NewConnection: optional(
      {
        ...inputSchema(connectionSpecSchema),
        properties: { source: name, destination: name, ...propertiesOf(inputSchema(connectionSpecSchema)) },
      } as Schema<NewConnection>,
      ["source", "destination"],
    ),
    ConnectionChange: changed(connectionSpecSchema),
    PreviewRequest: inputSchema(previewSchema),
    NewPreviewRequest: inputSchema(newPreviewSchema),
    Preview: object({
      examined: say(number, "Events that both ways were run on"),
      skipped: say(number, "Events whose content cannot be read, or whose body is over 1 MiB"),
      stopped_by: say(
        nullable(oneOf(["bytes", "time", "pages"])),
        "Which bound ended it before as many events as were asked for",
      ),
      newest_at: nullable(instant),
      oldest_at: nullable(instant),
      matched_before: number,
      matched_now: number,
      now_matches: say(number, "That do not match now"),
      no_longer_matches: number,
      changed: say(number, "That match both ways with different requests"),
      failed_before: say(number, "For which the present transform fails"),
      failed: say(number, "For which the new transform fails"),
      events: say(
        list(
          object({
            id: text,
            received_at: instant,
            type: nullable(text),
            outcome: oneOf(PREVIEW_OUTCOMES),
            before: tried,
            now: tried,
            diff: say(
              nullable(list(object({ op: oneOf(["same", "removed", "added"]), text }))),
              "Of the request, line by line, for the first 20",
            ),
            diff_cut: say(flag, "Whether there is more of it than is shown"),
          }),
        ),
        "The first 50 for which something differs, newest first",
      ),
      backlog: say(
        nullable(object({ waiting: number, seconds_before: nullable(number), seconds_now: nullable(number) })),
        "With `rate_limit` only: what waits for the destination, and how long that takes by the pace alone; null without a pace",
      ),
    }),
  }),
  examples: {
    Connection: {
      id: "con_01kaxh8e3m7v9q2r4t6w8y0a1b",
      name: "shop-orders",
      slug: "shop-orders",
      filter: { body: { type: { $in: ["order.created", "order.paid"] } } },
      missing_matches_not: true,
      transform: { headers: { set: { "x-event": "{{body.type}}" } } },
      delay_seconds: 0,
      enabled: true,
      callback_url: null,
      failure_callback_url: "https://ops.example.com/failed",
      source: "src_01kaxh8e3m7v9q2r4t6w8y0a1b",
      source_slug: "shop",
      destination: "dst_01kaxh8e3m7v9q2r4t6w8y0a1b",
      destination_slug: "orders",
      paused: false,
      created_at: "2026-11-24T09:00:00.000Z",
      updated_at: "2026-11-24T09:00:00.000Z",
    },
    NewConnection: {
      source: "shop",
      destination: "orders",
      filter: { body: { type: { $in: ["order.created", "order.paid"] } } },
    },
    ConnectionChange: { filter: null },
    NewPreviewRequest: { source: "shop", filter: { body: { type: "order.paid" } } },
    PreviewRequest: { filter: { body: { type: "order.paid" } }, rate_limit: { limit: 10 }, events: 100 },
    Preview: {
      examined: 100,
      skipped: 0,
      stopped_by: null,
      newest_at: "2026-11-24T09:00:00.000Z",
      oldest_at: "2026-11-23T21:14:02.000Z",
      matched_before: 80,
      matched_now: 41,
      now_matches: 0,
      no_longer_matches: 39,
      changed: 0,
      failed_before: 0,
      failed: 0,
      events: [
        {
          id: "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e",
          received_at: "2026-11-24T09:00:00.000Z",
          type: "order.created",
          outcome: "no_longer_matches",
          before: { matched: true, failed_clause: null, error: null },
          now: { matched: false, failed_clause: 'body.type: expected "order.paid", got "order.created"', error: null },
          diff: null,
          diff_cut: false,
        },
      ],
      backlog: { waiting: 1_200, seconds_before: null, seconds_now: 120 },
    },
  },
  operations: {
    "GET /connections": {
      id: "listConnections",
      summary: "List connections, newest first",
      answer: [200, "Connection"],
      list: true,
      query: { source: SOURCE, destination: DESTINATION, search: NAMED },
    },
    "POST /connections": {
      id: "createConnection",
      summary: "Connect a source with a destination",
      body: "NewConnection",
      bodyExamples: {
        transformed: {
          source: "shop",
          destination: "orders",
          transform: { path: "/orders/{{body.id}}", body: "{ 'id': id, 'total': $sum(items.price) }" },
        },
        delayed: { source: "shop", destination: "orders", delay_seconds: 3_600 },
      },
      answer: [201, "Connection"],
      problems: ["slug_taken"],
    },
    "GET /connections/{id}": {
      id: "getConnection",
      summary: "Read a connection",
      answer: [200, "Connection"],
      problems: ["not_found"],
    },
    "PATCH /connections/{id}": {
      id: "updateConnection",
      summary: "Change the fields given; source and destination cannot be changed",
      body: "ConnectionChange",
      answer: [200, "Connection"],
      problems: ["not_found", "slug_taken", "conflict"],
    },
    "DELETE /connections/{id}": {
      id: "deleteConnection",
      summary: "Delete a connection",
      description: "Its waiting deliveries are cancelled.",
      answer: [204, null],
      problems: ["not_found"],
    },
    "POST /connections/preview": {
      id: "previewNewConnection",
      summary: "Try a filter or a transform on a source's latest events, before there is a connection",
      description:
        "Sends and stores nothing. Compares it with a connection that takes every event unchanged. `rate_limit` needs a `destination`.",
      body: "NewPreviewRequest",
      answer: [200, "Preview"],
    },
    "POST /connections/{id}/preview": {
      id: "previewConnection",
      summary: "Try a filter, a transform or a pace on the source's latest events",
      description:
        "Sends and stores nothing. What is not given stays as it is, so an empty body compares the connection with itself.",
      body: "PreviewRequest",
      answer: [200, "Preview"],
      problems: ["not_found"],
    },
    "POST /connections/{id}/pause": {
      id: "pauseConnection",
      summary: "Hold its deliveries",
      answer: [200, "Connection"],
      problems: ["not_found"],
    },
    "POST /connections/{id}/resume": {
      id: "resumeConnection",
      summary: "Release its deliveries",
      answer: [200, "Connection"],
      problems: ["not_found"],
    },
  },
});
