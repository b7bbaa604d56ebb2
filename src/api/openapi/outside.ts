// What the contract says of addresses outside `/api/v1`: ingest, metrics, health.
import type { ProblemCode } from "../problem-codes.ts";
import { parameter, problemAnswers } from "./operation.ts";
import { flag, object, text, type Json } from "./schema.ts";

const INGEST_PROBLEMS = [
  "unknown_source",
  "method_not_allowed",
  "body_too_large",
  "head_too_large",
  "loop_detected",
  "verification_failed",
  "rate_limited",
  "backpressure",
  "unavailable",
] as const satisfies readonly ProblemCode[];

const TAG = "Outside the API";

export const outside = (): Record<string, Json> => ({
  "/healthz": {
    get: {
      operationId: "getHealthz",
      tags: [TAG],
      summary: "Says that the Worker runs",
      security: [],
      responses: { 200: { description: "It does" } },
    },
  },
  "/metrics": {
    get: {
      operationId: "getMetrics",
      tags: [TAG],
      summary: "Counters, histograms and gauges for Prometheus",
      responses: {
        200: { description: "The text format 0.0.4", content: { "text/plain": { schema: text } } },
        ...problemAnswers(["unauthorized", "not_configured", "internal"]),
      },
    },
  },
  "/in/{slug}": {
    post: {
      operationId: "postInSlug",
      tags: [TAG],
      summary: "Take a webhook in: any allowed method, any content type, with or without a sub-path",
      security: [],
      parameters: [parameter("slug", "path")],
      requestBody: { content: { "*/*": {} } },
      responses: {
        202: {
          description: "Durable; the header sluice-event-id and the body name the event",
          content: {
            "application/json": { schema: object({ id: text, status: text, duplicate: flag }, ["duplicate"]) },
          },
        },
        ...problemAnswers(INGEST_PROBLEMS),
      },
    },
  },
});

export const outsideTag = { name: TAG, description: "Taking webhooks in, and watching the Worker." };
