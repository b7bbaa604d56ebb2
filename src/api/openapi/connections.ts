// The contract of connections: which events of a source go to which destination.
import { connectionSpecSchema } from "../../model/connection.ts";
import { inputSchema } from "./derived.ts";
import { chapter } from "./operation.ts";
import { changed, kept } from "./record-forms.ts";
import { flag, nullable, optional, propertiesOf, say, text, type Schema, type TypeOf } from "./schema.ts";

const name = say(text, "Id or slug");
type NewConnection = TypeOf<ReturnType<typeof changed<typeof connectionSpecSchema>>> & {
  readonly source: string;
  readonly destination: string;
};

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
  }),
  examples: {
    Connection: {
      id: "con_01kaxh8e3m7v9q2r4t6w8y0a1b",
      name: "shop-orders",
      slug: "shop-orders",
      filter: { body: { type: { $in: ["order.created", "order.paid"] } } },
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
  },
  operations: {
    "GET /connections": {
      id: "listConnections",
      summary: "List connections, newest first",
      answer: [200, "Connection"],
      list: true,
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
