// The OpenAPI document as the reference pages read it: chapters of operations, and the schemas they use.

export type Json = Readonly<Record<string, unknown>>;
export interface Content {
  readonly schema: Json;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema: Json;
  readonly example?: unknown;
}
interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, Content>>;
}
interface Described {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Answer>>;
}
export interface OpenApi {
  readonly info: { readonly title: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
  };
}

export interface Operation extends Omit<Described, "parameters"> {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
}
export interface Chapter {
  /** The chapter's page is `/docs/{slug}`. */
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly operations: readonly Operation[];
  /** Names of the schemas that no earlier chapter has. Their page is `/docs/{slug}/schemas`. */
  readonly schemas: readonly string[];
}
interface ProblemCode {
  readonly const: string;
  readonly title: string;
  readonly description: string;
  readonly "x-status": number;
}
export interface Contract {
  readonly about: string;
  readonly chapters: readonly Chapter[];
  readonly schemas: Readonly<Record<string, Json>>;
  readonly problems: readonly ProblemCode[];
}

const nameIn = (reference: string): string => reference.split("/").at(-1) ?? "";

export function readContract({ info, tags, paths, components }: OpenApi): Contract {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]): Operation => ({
      ...described,
      method: method.toUpperCase(),
      path,
      parameters: (described.parameters ?? []).flatMap((given) =>
        "$ref" in given ? (components.parameters[nameIn(given.$ref)] ?? []) : given,
      ),
    })),
  );
  const known = new Set<string>();
  const chapters = tags.map(({ name, description }): Chapter => {
    const own = operations.filter((operation) => operation.tags.includes(name));
    const schemas = [...collectSchemas(own.map(spoken), components.schemas)].filter((schema) => !known.has(schema));
    for (const schema of schemas) known.add(schema);
    return { slug: name.toLowerCase().replaceAll(/[^a-z]+/g, "-"), name, description, operations: own, schemas };
  });
  const { properties } = components.schemas["Problem"] as { properties: { code: { oneOf: ProblemCode[] } } };
  return {
    about: info.description,
    chapters,
    schemas: components.schemas,
    problems: properties.code.oneOf,
  };
}

/** What a request and a successful response of the operation contain. */
const spoken = ({ requestBody, responses }: Operation): readonly unknown[] => [
  requestBody,
  Object.entries(responses).filter(([status]) => !isProblem(status)),
];

/** The name in a schema's `$ref`; null if it has none. */
export const refOf = ({ $ref }: Json): string | null => (typeof $ref === "string" ? nameIn($ref) : null);

/** Names of all schemas that a value refers to, directly or indirectly, in order of appearance. */
function collectSchemas(value: unknown, schemas: Contract["schemas"], found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) collectSchemas(item, schemas, found);
  else if (typeof value === "object" && value !== null) {
    const name = refOf(value as Json);
    if (name !== null && name in schemas && !found.has(name)) {
      found.add(name);
      collectSchemas(schemas[name], schemas, found);
    }
    for (const [key, item] of Object.entries(value)) if (key !== "examples") collectSchemas(item, schemas, found);
  }
  return found;
}

export const isProblem = (status: string): boolean => Number(status) >= 400;
