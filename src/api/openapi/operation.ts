// One operation of the API as the contract tells of it: what it takes, what it answers, with which problems.
import { PROBLEMS, type ProblemCode } from "../problem-codes.ts";
import { DEFAULT_LIMIT, MAX_LIMIT } from "../query.ts";
import { scopeOf } from "../scopes.ts";
import { list, nullable, object, ref, text, type Json } from "./schema.ts";

export interface Operation {
  readonly summary: string;
  /** The schema's name. */
  readonly body?: string;
  readonly answer: readonly [status: number, schema: string | null];
  /** What it answers where only a plan is asked for. */
  readonly plan?: readonly [status: number, schema: string];
  readonly list?: boolean;
  readonly query?: readonly string[];
  readonly headers?: readonly string[];
  /** Besides those that every operation may give. */
  readonly problems?: readonly ProblemCode[];
}

/** Operations that belong together, by `METHOD /path` below `/api/v1`, and the schemas they name. */
export interface Chapter {
  readonly name: string;
  readonly description: string;
  readonly schemas: () => Record<string, Json>;
  readonly operations: Record<string, Operation>;
}

export const chapter = (given: Chapter): Chapter => given;

export const parameter = (name: string, where: "path" | "query" | "header", schema: Json = text): Json => ({
  name,
  in: where,
  required: where === "path",
  schema,
});

/** Answers by status; several codes may share one. */
export function problemAnswers(codes: readonly ProblemCode[]): Record<string, Json> {
  const byStatus = Map.groupBy(new Set(codes), (code) => PROBLEMS[code][0]);
  return Object.fromEntries(
    [...byStatus].map(([status, shared]) => [
      status,
      {
        description: shared.map((code) => PROBLEMS[code][1]).join("; "),
        content: {
          "application/problem+json": {
            schema: { allOf: [ref("Problem"), { properties: { code: { enum: shared }, status: { const: status } } }] },
            examples: Object.fromEntries(shared.map((code) => [code, { value: problemExample(code) }])),
          },
        },
      },
    ]),
  );
}

const problemExample = (code: ProblemCode): Json => ({
  type: `/docs/errors#${code}`,
  title: PROBLEMS[code][1],
  status: PROBLEMS[code][0],
  detail: code === "invalid" ? "/slug must not be empty" : `${PROBLEMS[code][1]}.`,
  code,
  request_id: "5f0c4c0e-5d1a-4f7e-9a52-1f4f9c2f5a10",
  ...(code === "invalid" ? { errors: [{ pointer: "/slug", detail: "must not be empty" }] } : {}),
});

const codesOf = (method: string, { body, problems = [], list: isList, query }: Operation): ProblemCode[] => [
  "unauthorized",
  "forbidden",
  "not_configured",
  "internal",
  ...problems,
  ...(method === "GET" && (isList === true || query !== undefined) ? (["invalid"] as const) : []),
  ...(body === undefined ? [] : (["invalid", "malformed_json"] as const)),
  // An idempotency key may be wrong, in use, or used for something else; a body may be too large.
  ...(method === "POST" ? (["invalid", "idempotency_mismatch", "idempotency_in_flight"] as const) : []),
  ...(method === "GET" || method === "DELETE" ? [] : (["body_too_large"] as const)),
];

export function describe(key: string, operation: Operation, tag: string): Json {
  const [method = "", path = ""] = key.split(" ");
  const [status, schema] = operation.answer;
  const isPage = operation.list === true && method === "GET";
  const page =
    schema === null ? {} : object({ data: list(ref(schema)), ...(isPage ? { next_cursor: nullable(text) } : {}) });
  const content =
    schema === null
      ? status === 204
        ? {}
        : { content: { "application/octet-stream": {} } }
      : { content: { "application/json": { schema: operation.list === true ? page : ref(schema) } } };
  return {
    operationId: `${method.toLowerCase()}${path.replaceAll(/[/{}-]+(\w?)/g, (_match, letter: string) => letter.toUpperCase())}`,
    tags: [tag],
    summary: operation.summary,
    description: `Takes a token of scope \`${scopeOf(method, path)}\`.`,
    parameters: [
      ...(path.includes("{id}") ? [parameter("id", "path")] : []),
      ...(isPage
        ? [
            parameter("limit", "query", { type: "integer", minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
            parameter("cursor", "query"),
          ]
        : []),
      ...(operation.query ?? []).map((name) => parameter(name, "query")),
      ...(operation.headers ?? []).map((name) => parameter(name, "header")),
      ...(method === "POST" ? [parameter("Idempotency-Key", "header")] : []),
    ],
    ...(operation.body === undefined
      ? {}
      : { requestBody: { content: { "application/json": { schema: ref(operation.body) } } } }),
    responses: {
      [status]: { description: operation.summary, ...content },
      ...(operation.plan === undefined
        ? {}
        : {
            [operation.plan[0]]: {
              description: "What it would do, with nothing done",
              content: { "application/json": { schema: ref(operation.plan[1]) } },
            },
          }),
      ...problemAnswers(codesOf(method, operation)),
    },
  };
}
