// The OpenAPI document by itself: valid, complete, every example valid by its schema.
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { openApiDocument } from "../../../src/api/openapi/index.ts";
import { PROBLEMS } from "../../../src/model/problem-codes.ts";
import { readContract, type Json } from "../../contract.ts";

const contract = readContract(JSON.parse(JSON.stringify(openApiDocument("https://sluice.test"))));
const { document, faults } = contract;
const operations = contract.operations.map((operation) => ({
  key: `${operation.method} ${operation.path}`,
  operation,
}));

describe("the OpenAPI document", () => {
  it("is valid by the meta-schema of OpenAPI 3.1, and every reference resolves", async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate({ ...structuredClone(document) });
    expect([valid, errors]).toEqual([true, undefined]);
    expect(validator.version).toBe("3.1");
    const broken = { ...structuredClone(document), paths: { "/healthz": { get: { responses: { 200: {} } } } } };
    expect((await new Validator().validate(broken)).valid).toBe(false);
    const named = [...JSON.stringify(document).matchAll(/"#\/components\/(\w+)\/([\w-]+)"/g)];
    for (const [, kind = "", name = ""] of named)
      expect(Object.keys((document.components as Readonly<Record<string, object>>)[kind] ?? {})).toContain(name);
    const used = new Set(named.map(([, kind, name]) => `${kind}/${name}`));
    for (const kind of ["schemas", "parameters", "headers"] as const)
      for (const name of Object.keys(document.components[kind])) expect(used).toContain(`${kind}/${name}`);
  });

  it.each(operations)("$key has a name, a summary, a known tag, and describes every parameter", ({ operation }) => {
    expect(operation.operationId).toMatch(/^[a-z]+[A-Za-z]*$/);
    expect(operation.summary.length).toBeGreaterThan(5);
    expect(document.tags.map(({ name }) => name)).toEqual(expect.arrayContaining([...operation.tags]));
    const parameters = contract.parametersOf(operation);
    for (const { description, schema, example } of parameters) {
      expect(description.length).toBeGreaterThan(5);
      expect(example === undefined ? [] : faults(schema, example)).toEqual([]);
    }
    const inPath = parameters.filter((one) => one.in === "path").map(({ name }) => `{${name}}`);
    expect(operation.path.match(/\{\w+\}/g) ?? []).toEqual(inPath);
    const named = parameters.map((one) => `${one.in} ${one.name}`);
    expect(new Set(named).size).toBe(named.length);
  });

  it("names every operation uniquely, and describes every chapter", () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { description } of document.tags) expect(description.length).toBeGreaterThan(10);
  });

  it.each(operations)("$key has examples of its body and answers, valid by their schemas", ({ operation }) => {
    const { requestBody, responses } = operation;
    const contents = [
      ...Object.entries(requestBody?.content ?? {}).map((content) => ["request", content] as const),
      ...Object.entries(responses).flatMap(([status, { content = {} }]) =>
        Object.entries(content).map((one) => [status, one] as const),
      ),
    ];
    for (const [of, [type, { schema, examples = {} }]] of contents) {
      if (type === "application/octet-stream") continue;
      expect([of, type, Object.keys(examples).length]).not.toEqual([of, type, 0]);
      for (const [name, { value }] of Object.entries(examples)) {
        expect([of, name, faults(schema, value)]).toEqual([of, name, []]);
      }
    }
  });

  it("has an example for each problem under its own status, and explains each code", () => {
    for (const { key, operation } of operations) {
      for (const [status, { content = {} }] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue;
        const { examples = {} } = content["application/problem+json"] ?? { schema: {} };
        expect([key, status, Object.keys(examples).length]).not.toEqual([key, status, 0]);
        const { schema } = content["application/problem+json"] ?? { schema: {} };
        for (const [code, { value }] of Object.entries(examples)) {
          expect(value).toMatchObject({ code, status: Number(status), type: `/docs/errors#${code}` });
          // Its schema admits the codes that it declares and no other.
          expect(faults(schema, { ...(value as Json), code: "internal_error" })).not.toEqual([]);
        }
      }
    }
    const { properties } = document.components.schemas["Problem"] as { properties: { code: { oneOf: Json[] } } };
    expect(properties.code.oneOf.map((one) => [one["const"], one["x-status"], one["description"]])).toEqual(
      Object.entries(PROBLEMS).map(([name, [status, , meaning]]) => [name, status, meaning]),
    );
  });

  it("is strict about answers: every object names its fields and admits no others", () => {
    const loose: string[] = [];
    const walk = (schema: unknown, at: string): void => {
      if (Array.isArray(schema)) return schema.forEach((one, index) => walk(one, `${at}/${index}`));
      if (typeof schema !== "object" || schema === null) return;
      const json = schema as Json;
      if (json["type"] === "object" && json["additionalProperties"] === undefined) loose.push(at);
      for (const [key, value] of Object.entries(json)) if (key !== "examples") walk(value, `${at}/${key}`);
    };
    for (const [name, schema] of Object.entries(document.components.schemas)) walk(schema, name);
    // A filter is checked by its own grammar.
    expect(loose.filter((at) => !at.includes("/filter"))).toEqual([]);
  });
});
