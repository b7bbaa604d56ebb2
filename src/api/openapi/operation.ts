// One operation of the API in the contract: its input, its answer, its problems.
import type { ProblemCode } from "../../model/problem-codes.ts";
import { takesKey } from "../keyed-operations.ts";
import { scopeOf } from "../scopes.ts";
import { problemAnswers } from "./problems.ts";
import {
  componentHeaders,
  headersNamed,
  PAGE_PARAMETERS,
  pageParameters,
  parameter,
  type Parameters,
} from "./parameters.ts";
import { list, nullable, object, ref, text, type Json, type Schema, type TypeOf } from "./schema.ts";

export interface Operation {
  /** Clients use this name. It never changes once it is published. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** The schema's name. */
  readonly body?: string;
  /** False where the body may be empty. */
  readonly bodyRequired?: false;
  /** Further examples, besides the schema's own, by name. */
  readonly bodyExamples?: Readonly<Record<string, unknown>>;
  readonly answer: readonly [status: number, schema: string | null];
  /** The answer is a list of them; a page, for GET. */
  readonly list?: true;
  /** The answer when only a plan is asked for. */
  readonly plan?: readonly [status: number, schema: string];
  readonly query?: Parameters;
  readonly headers?: Parameters;
  /** Headers of the answer besides `x-request-id`: names of components. */
  readonly answerHeaders?: readonly string[];
  /** Besides those of every operation. */
  readonly problems?: readonly ProblemCode[];
}

/** Operations that belong together, by `METHOD /path` below `/api/v1`, and the schemas they name. */
export interface Chapter {
  readonly name: string;
  readonly description: string;
  readonly schemas: () => Record<string, Schema>;
  /** By schema: every body and answer has one. */
  readonly examples: Readonly<Record<string, unknown>>;
  readonly operations: Record<string, Operation>;
}

/** A chapter, with its names known to the compiler. */
export const chapter = <const O extends Record<string, Operation>, S extends Record<string, Schema>>(
  given: Omit<Chapter, "operations" | "schemas" | "examples"> & {
    readonly operations: O;
    readonly schemas: () => S;
    readonly examples: { readonly [N in keyof S]?: TypeOf<S[N]> };
  },
) => given;

const isPageOf = (method: string, { list: isList }: Operation): boolean => isList === true && method === "GET";

/** The query parameters of an operation. */
export const queryNames = (method: string, operation: Operation): readonly string[] => [
  ...(isPageOf(method, operation) ? PAGE_PARAMETERS : []),
  ...Object.keys(operation.query ?? {}),
];

/** Problems of every operation, and those that follow from its form. */
function codesOf(method: string, path: string, { body, problems = [] }: Operation): ProblemCode[] {
  const given: ProblemCode[] = ["unauthorized", "too_many_attempts", "not_configured", "invalid", "internal"];
  if (body !== undefined) given.push("malformed_json", "body_too_large");
  // An idempotency key may be in use, or used for another request.
  if (takesKey(method, path)) given.push("idempotency_mismatch", "idempotency_in_flight");
  return [...given, ...problems];
}

const DESCRIPTIONS: Readonly<Record<number, string>> = { 101: "The WebSocket", 204: "Done; no body" };

const jsonContent = (schema: Json, examples: Readonly<Record<string, unknown>>): Json => ({
  content: {
    "application/json": {
      schema,
      examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])),
    },
  },
});

/** The body of a success: JSON of the schema, a list of it, plain bytes, or none. */
function successContent(
  { answer: [status, schema], list: isList }: Operation,
  isPage: boolean,
  example: unknown,
): Json {
  if (status === 204 || status === 101) return {};
  if (schema === null)
    return { content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } } };
  if (isList !== true) return jsonContent(ref(schema), { answer: example });
  const page = object({ data: list(ref(schema)), ...(isPage ? { next_cursor: nullable(text) } : {}) });
  return jsonContent(page, { answer: { data: [example], ...(isPage ? { next_cursor: null } : {}) } });
}

/** @param examples of the whole document, by schema */
export function describe(
  key: string,
  operation: Operation,
  tag: string,
  examples: Readonly<Record<string, unknown>>,
): Json {
  const [method = "", path = ""] = key.split(" ");
  const { answer, plan, body, description = "", answerHeaders = [] } = operation;
  const isPage = isPageOf(method, operation);
  const scope = scopeOf(method, path);
  const isKeyed = takesKey(method, path);
  const headers = {
    ...headersNamed("x-request-id", ...(isKeyed ? ["idempotency-replayed"] : answerHeaders)),
    // A replayed answer has only its status and its body.
    ...(isKeyed
      ? Object.fromEntries(answerHeaders.map((name) => [name, { ...componentHeaders()[name], required: false }]))
      : {}),
  };
  return {
    operationId: operation.id,
    tags: [tag],
    summary: operation.summary,
    description: `${description}${description === "" ? "" : "\n\n"}Requires a token of scope \`${scope}\`.`,
    parameters: [
      ...(path.includes("{id}") ? [{ $ref: `#/components/parameters/${path.split("/")[1]}_id` }] : []),
      ...(isPage ? pageParameters() : []),
      ...Object.entries(operation.query ?? {}).map(([name, given]) => parameter(name, "query", given)),
      ...Object.entries(operation.headers ?? {}).map(([name, given]) => parameter(name, "header", given)),
      ...(isKeyed ? [{ $ref: "#/components/parameters/idempotency_key" }] : []),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: operation.bodyRequired ?? true,
            ...jsonContent(ref(body), { request: examples[body], ...operation.bodyExamples }),
          },
        }),
    responses: {
      [answer[0]]: {
        description: DESCRIPTIONS[answer[0]] ?? "Done",
        // A response with a socket cannot be changed.
        headers: answer[0] === 101 ? {} : headers,
        ...successContent(operation, isPage, examples[answer[1] ?? ""]),
      },
      ...(plan === undefined
        ? {}
        : {
            [plan[0]]: {
              description: "The plan; nothing is done",
              headers,
              ...jsonContent(ref(plan[1]), { plan: examples[plan[1]] }),
            },
          }),
      ...problemAnswers([...(scope === "read" ? [] : (["forbidden"] as const)), ...codesOf(method, path, operation)]),
    },
  };
}
