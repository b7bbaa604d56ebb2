// The contract as an OpenAPI 3.1 document, its schemas taken from the ones that check the input. A test holds it against the routes.
// An operation is an entry of the chapter that it belongs to.
import { PROBLEMS } from "../problem-codes.ts";
import { administration } from "./administration.ts";
import { alerts } from "./alerts.ts";
import { configuration } from "./configuration.ts";
import { figuresChapter } from "./figures.ts";
import { describe, type Chapter, type Operation } from "./operation.ts";
import { outside, outsideTag } from "./outside.ts";
import { records } from "./records.ts";
import { routing } from "./routing.ts";
import { list, number, object, text, type Json } from "./schema.ts";

const CHAPTERS: readonly Chapter[] = [configuration, records, routing, figuresChapter, administration, alerts];

/** Every operation under /api/v1. */
export const OPERATIONS: Readonly<Record<string, Operation>> = Object.assign(
  {},
  ...CHAPTERS.map(({ operations }) => operations),
);

const problem = (): Json =>
  object(
    {
      type: text,
      title: text,
      status: number,
      detail: text,
      code: { enum: Object.keys(PROBLEMS) },
      request_id: text,
      errors: list(object({ pointer: text, detail: text })),
    },
    ["errors"],
  );

/** The whole document. @param origin scheme and host of this deployment */
export function openApiDocument(origin: string): Json {
  const paths = outside();
  for (const { name, operations } of CHAPTERS) {
    for (const [key, operation] of Object.entries(operations)) {
      const [method = "", path = ""] = key.split(" ");
      const full = `/api/v1${path}`;
      paths[full] = { ...paths[full], [method.toLowerCase()]: describe(key, operation, name) };
    }
  }
  const schemas: Record<string, Json> = Object.assign({}, ...CHAPTERS.map((chapter) => chapter.schemas()));
  return {
    openapi: "3.1.0",
    info: { title: "Sluice", version: "1", description: "A webhook buffer on your own Cloudflare account." },
    servers: [{ url: origin }],
    security: [{ bearer: [] }],
    tags: [...CHAPTERS.map(({ name, description }) => ({ name, description })), outsideTag],
    paths,
    components: {
      schemas: { ...schemas, Problem: problem() },
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
  };
}
