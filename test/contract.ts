// The contract's document as tests hold values and answers against it.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";

export type Json = Readonly<Record<string, unknown>>;
interface Content {
  readonly schema: object;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly description: string;
  readonly schema: object;
  readonly example?: unknown;
}
interface Header {
  readonly required: boolean;
  readonly schema: Json;
}
export interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Header | { readonly $ref: string }>>;
  readonly content?: Readonly<Record<string, Content>>;
}
export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Answer>>;
}
interface Document {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly headers: Readonly<Record<string, Header>>;
  };
}
export interface Listed extends Operation {
  readonly method: string;
  readonly path: string;
}

/** @param served the document as JSON gives it back */
export function readContract(served: unknown) {
  const document = served as Document;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema({ $id: "contract", components: document.components });
  const compiled = new Map<string, ValidateFunction>();

  /** What is wrong with a value, by a schema of the document; empty when nothing is. */
  function faults(schema: object, value: unknown): readonly unknown[] {
    const text = JSON.stringify(schema).replaceAll("#/components", "contract#/components");
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text) as object);
    compiled.set(text, validate);
    return validate(value) ? [] : (validate.errors ?? []);
  }

  function headerFaults(declared: Answer["headers"], headers: Headers): unknown[] {
    return Object.entries(declared ?? {}).flatMap(([name, given]) => {
      const header = "$ref" in given ? document.components.headers[name] : given;
      const value = headers.get(name);
      if (header === undefined) return [`${name} is described nowhere`];
      if (value === null) return header.required ? [`${name} is missing`] : [];
      return faults(header.schema, header.schema["type"] === "integer" ? Number(value) : value);
    });
  }

  return {
    document,
    faults,
    operations: Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): Listed => ({
        ...operation,
        method: method.toUpperCase(),
        path,
      })),
    ),
    parametersOf: ({ parameters = [] }: Operation): Parameter[] =>
      parameters.map((given) =>
        "$ref" in given ? (document.components.parameters[given.$ref.split("/").at(-1) ?? ""] as Parameter) : given,
      ),
    /** What is wrong with an answer: its status, headers, content type and body. */
    answerFaults({ operationId, responses }: Operation, status: number, headers: Headers, body: string): unknown[] {
      const answer = responses[status];
      if (answer === undefined) return [`${operationId} does not declare ${status}`];
      const wrong = headerFaults(answer.headers, headers);
      if (answer.content === undefined) return body === "" ? wrong : [...wrong, `${operationId} declares no body`];
      const type = headers.get("content-type")?.split(";")[0] ?? "";
      const content = answer.content[type];
      if (content === undefined) return [...wrong, `${operationId} does not declare ${type} for ${status}`];
      return [...wrong, ...faults(content.schema, type.endsWith("json") ? (JSON.parse(body) as unknown) : body)];
    },
  };
}
