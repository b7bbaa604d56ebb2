// The contract of testing filters and transforms.
import { filterTestSchema, transformTestSchema } from "../routing-input.ts";
import { inputSchema } from "./derived.ts";
import { chapter } from "./operation.ts";
import { anything, flag, map, nullable, object, say, text } from "./schema.ts";

export const routing = chapter({
  name: "Filters and transforms",
  description: "Tested on a sample or an event, before they are used on a connection.",
  schemas: () => ({
    FilterTest: inputSchema(filterTestSchema),
    FilterTestResult: object({ matched: flag, failed_clause: nullable(text) }),
    TransformTest: inputSchema(transformTestSchema),
    TransformTestResult: object({
      method: nullable(text),
      url: say(nullable(text), "Null without a destination"),
      path: nullable(text),
      query: nullable(text),
      headers: nullable(map(text)),
      body: say(anything, "Parsed, for reading"),
      body_text: say(nullable(text), "As it is sent"),
      body_base64: say(nullable(text), "As it is sent, when it is not UTF-8"),
      error: nullable(text),
    }),
  }),
  examples: {
    FilterTest: { filter: { body: { type: "order.created" } }, sample: { body: { type: "order.paid" } } },
    FilterTestResult: { matched: false, failed_clause: 'body.type: expected "order.created", got "order.paid"' },
    TransformTest: {
      transform: { path: "/orders/{{body.id}}", body: "{ 'number': id }" },
      sample: { body: { id: "4711" } },
      destination: "orders",
    },
    TransformTestResult: {
      method: "POST",
      url: "https://api.example.com/orders/orders/4711",
      path: "/orders/4711",
      query: "",
      headers: { "content-type": "application/json" },
      body: { number: "4711" },
      body_text: '{"number":"4711"}',
      body_base64: null,
      error: null,
    },
  },
  operations: {
    "POST /filters/test": {
      id: "testFilter",
      summary: "Test a filter on a sample or an event: whether it matches, and which clause fails",
      body: "FilterTest",
      answer: [200, "FilterTestResult"],
      problems: ["record_unreadable", "payload_unavailable"],
    },
    "POST /transforms/test": {
      id: "testTransform",
      summary: "Test a transform on a sample or an event: the request that would be sent, or the error",
      body: "TransformTest",
      answer: [200, "TransformTestResult"],
      problems: ["record_unreadable", "payload_unavailable"],
    },
  },
});
