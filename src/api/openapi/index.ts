// The contract as an OpenAPI 3.1 document. Its schemas come from those that check the input. A test calls every operation.
// Each operation is an entry of its chapter.
import { deployment, tokens } from "./administration.ts";
import { alerts } from "./alerts.ts";
import { configDocument } from "./config-document.ts";
import { connections } from "./connections.ts";
import { deliveries, replays } from "./deliveries.ts";
import { partSchemas } from "./derived.ts";
import { destinations } from "./destinations.ts";
import { events } from "./events.ts";
import { figuresChapter } from "./figures.ts";
import { describe, type Chapter, type Operation } from "./operation.ts";
import { issues } from "./issues.ts";
import { outside, outsideTag } from "./outside.ts";
import { componentHeaders, componentParameters } from "./parameters.ts";
import { problemSchema } from "./problems.ts";
import { routing } from "./routing.ts";
import { sources } from "./sources.ts";
import type { Json } from "./schema.ts";

const CHAPTERS = [
  sources,
  destinations,
  connections,
  configDocument,
  routing,
  events,
  deliveries,
  replays,
  issues,
  figuresChapter,
  alerts,
  tokens,
  deployment,
] as const satisfies readonly Chapter[];

/** A chapter, for the types of its operations and schemas. */
export type ContractChapter = (typeof CHAPTERS)[number];

/** Every operation under /api/v1. */
export const OPERATIONS: Readonly<Record<string, Operation>> = Object.assign(
  {},
  ...CHAPTERS.map(({ operations }) => operations),
);

let built: Json | undefined;

/** The whole document. @param origin scheme and host of this deployment */
export function openApiDocument(origin: string): Json {
  return { ...(built ??= build()), servers: [{ url: origin }] };
}

function build(): Json {
  const examples: Record<string, unknown> = Object.assign({}, ...CHAPTERS.map((chapter) => chapter.examples));
  const paths: Record<string, Json> = {};
  for (const { name, operations } of CHAPTERS as readonly Chapter[]) {
    for (const [key, operation] of Object.entries(operations)) {
      const [method = "", path = ""] = key.split(" ");
      const full = `/api/v1${path}`;
      paths[full] = { ...paths[full], [method.toLowerCase()]: describe(key, operation, name, examples) };
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Sluice",
      version: "1",
      description:
        "A webhook buffer on your own Cloudflare account. JSON is snake_case, instants are RFC 3339 in UTC. Every error is `application/problem+json` (RFC 9457); programs should test its `code`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    security: [{ bearer: [] }],
    tags: [...CHAPTERS.map(({ name, description }) => ({ name, description })), outsideTag],
    paths: { ...paths, ...outside() },
    components: {
      schemas: Object.assign(partSchemas(), ...CHAPTERS.map((chapter) => chapter.schemas()), {
        Problem: problemSchema(),
      }) as Record<string, Json>,
      parameters: componentParameters(),
      headers: componentHeaders(),
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "The secret SLUICE_ADMIN_TOKEN, or a token made by `POST /api/v1/tokens`",
        },
      },
    },
  };
}
