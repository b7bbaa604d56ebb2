// The contract outside `/api/v1`: ingest, the contract itself, metrics, health.
import { REFUSAL_REASONS } from "../../model/rejection.ts";
import { headersNamed, parameter, taking } from "./parameters.ts";
import { problemAnswers } from "./problems.ts";
import { flag, object, oneOf, text, type Json } from "./schema.ts";

export const outsideTag = {
  name: "Outside the API",
  description: "Receiving webhooks, reading the contract, and monitoring the Worker.",
};
const tags = [outsideTag.name];
const slug = parameter("slug", "path", taking(text, "The source's slug; a sub-path may follow", "shop"));

const KEPT: Json = {
  description: "Accepted",
  headers: headersNamed("x-request-id", "sluice-event-id"),
  content: {
    "application/json": {
      schema: object({ id: text, status: oneOf(["accepted"]), duplicate: flag }, ["duplicate"]),
      examples: {
        accepted: { value: { id: "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e", status: "accepted" } },
        duplicate: {
          value: { id: "evt_01kaxh8e3m7v9q2r4t6w8y0a1b2c3d4e", status: "accepted", duplicate: true },
        },
      },
    },
  },
};

export const outside = (): Record<string, Json> => ({
  "/in/{slug}": {
    post: {
      operationId: "ingest",
      tags,
      summary: "Receive a webhook",
      description:
        "Any method that the source allows, any content type, with or without a sub-path and a query. The answer says that the event is durable. A source can be configured to answer something else, with a status from 200 to 299; for some providers the default is the answer that they expect.",
      security: [],
      parameters: [slug],
      requestBody: {
        content: { "*/*": { schema: {}, examples: { order: { value: { type: "order.created", id: "4711" } } } } },
      },
      responses: {
        202: KEPT,
        ...problemAnswers(REFUSAL_REASONS),
      },
    },
    get: {
      operationId: "shakeHands",
      tags,
      summary: "A provider's handshake; a webhook where the source allows GET",
      description: "A handshake is answered even where the source does not allow GET, and makes no event.",
      security: [],
      parameters: [
        slug,
        parameter("hub.mode", "query", taking(text, "Of Meta's handshake: `subscribe`", "subscribe")),
        parameter(
          "hub.verify_token",
          "query",
          taking(text, "Of Meta's handshake: the source's `verify_token`", "token"),
        ),
        parameter("hub.challenge", "query", taking(text, "Of Meta's handshake: the text to return", "1158201444")),
      ],
      responses: {
        200: {
          description: "The answer that the provider expects",
          headers: headersNamed("x-request-id"),
          content: { "text/plain": { schema: text, examples: { challenge: { value: "1158201444" } } } },
        },
        202: KEPT,
        ...problemAnswers(REFUSAL_REASONS.filter((code) => code !== "body_too_large")),
      },
    },
  },
  "/openapi.json": {
    get: {
      operationId: "getContract",
      tags,
      summary: "This document",
      security: [],
      responses: {
        200: {
          description: "OpenAPI 3.1",
          headers: headersNamed("x-request-id"),
          content: {
            "application/json": {
              schema: { type: "object", required: ["openapi", "paths"] },
              examples: { head: { value: { openapi: "3.1.0", paths: {} } } },
            },
          },
        },
        ...problemAnswers(["invalid"]),
      },
    },
  },
  "/docs": {
    get: {
      operationId: "readContract",
      tags,
      summary: "A page to read this document and try the API",
      security: [],
      responses: {
        200: {
          description: "A page",
          headers: headersNamed("x-request-id"),
          content: { "text/html": { schema: text, examples: { page: { value: "<!doctype html>…" } } } },
        },
      },
    },
  },
  "/healthz": {
    get: {
      operationId: "getHealthz",
      tags,
      summary: "Whether the Worker runs",
      security: [],
      responses: { 200: { description: "It runs", headers: headersNamed("x-request-id") } },
    },
  },
  "/readyz": {
    get: {
      operationId: "getReadyz",
      tags,
      summary: "Whether the deployment is complete",
      description:
        "200 and nothing else once there are an admin token, a usable master key and all migrations. Otherwise 503; with a valid bearer token, `detail` says what is missing. The answer may be a few seconds old.",
      security: [],
      responses: {
        200: { description: "It is complete", headers: headersNamed("x-request-id") },
        ...problemAnswers(["not_configured"]),
      },
    },
  },
  "/metrics": {
    get: {
      operationId: "getMetrics",
      tags,
      summary: "Counters, histograms and gauges for Prometheus",
      description: "Requires a token of scope `read`.",
      responses: {
        200: {
          description: "Prometheus text format 0.0.4",
          headers: headersNamed("x-request-id"),
          content: {
            "text/plain": {
              schema: text,
              examples: { head: { value: "# TYPE sluice_events_accepted_total counter\n" } },
            },
          },
        },
        ...problemAnswers(["unauthorized", "too_many_attempts", "not_configured", "invalid", "internal"]),
      },
    },
  },
});
