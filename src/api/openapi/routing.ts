// The contract of trying filters and transforms out.
import { filterTestSchema, transformTestSchema } from "../routing-routes.ts";
import { inputSchema as input } from "./secrets.ts";
import { flag, nullable, object, text } from "./schema.ts";
import { chapter } from "./operation.ts";

export const routing = chapter({
  name: "Filters and transforms",
  description: "Tried out before they are put on a connection.",
  schemas: () => ({
    FilterTest: input(filterTestSchema),
    FilterTestResult: object({ matched: flag, failed_clause: nullable(text) }),
    TransformTest: input(transformTestSchema),
    TransformTestResult: object({
      method: nullable(text),
      url: nullable(text),
      path: nullable(text),
      query: nullable(text),
      headers: nullable({ type: "object", additionalProperties: text }),
      body: {},
      body_text: nullable(text),
      body_base64: nullable(text),
      error: nullable(text),
    }),
  }),
  operations: {
    "POST /filters/test": {
      summary: "Try a filter on a sample or on an event, and learn which clause fails",
      body: "FilterTest",
      answer: [200, "FilterTestResult"],
      problems: ["invalid", "malformed_json"],
    },
    "POST /transforms/test": {
      summary: "Try a transform on a sample or on an event: the request that would be sent, or the error",
      body: "TransformTest",
      answer: [200, "TransformTestResult"],
      problems: ["invalid", "malformed_json"],
    },
  },
});
