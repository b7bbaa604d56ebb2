// Answers of the API held against the contract that it serves.
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { createRoute, createWorld } from "../harness.ts";
import { createClient, unique } from "./harness.ts";

type Answers = Record<string, { content?: Record<string, { schema?: object }> }>;
interface Document {
  readonly paths: Record<string, Record<string, { responses: Answers }>>;
  readonly components: { readonly schemas: Record<string, object> };
}

const { app, call } = createClient();
const document = await (await app.request("http://sluice.test/openapi.json")).json<Document>();
const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema({ $id: "contract", components: document.components });

/** What is wrong with an answer, by the contract; empty when nothing is. */
function faults(operation: string, status: number, type: string, body: unknown): unknown {
  const [method = "", path = ""] = operation.split(" ");
  const answer = document.paths[`/api/v1${path}`]?.[method.toLowerCase()]?.responses[status];
  if (answer === undefined) return `${operation} does not declare ${status}`;
  const schema = answer.content?.[type.split(";")[0] ?? ""]?.schema;
  if (schema === undefined) return `${operation} does not declare ${type}`;
  const text = JSON.stringify(schema).replaceAll("#/components", "contract#/components");
  return ajv.validate(JSON.parse(text) as object, body) ? [] : ajv.errors;
}

describe("the contract", () => {
  it("holds the answers of every list and overview", async () => {
    const world = createWorld();
    const { slug } = await createRoute([{}]);
    await world.accept(`/in/${slug}`, { body: "{}" });
    await world.drain();
    for (const path of Object.keys(document.paths)) {
      const below = path.replace("/api/v1", "");
      if (below === path || document.paths[path]?.["get"] === undefined || below.includes("{")) continue;
      const answer = await call("GET", below);
      expect([below, answer.status]).toEqual([below, 200]);
      expect(faults(`GET ${below}`, 200, answer.headers.get("content-type") ?? "", answer.json), below).toEqual([]);
    }
  });

  it("holds what is read one by one", async () => {
    const world = createWorld();
    const { slug, destinationIds, connectionIds } = await createRoute([
      { signing: { type: "standard_webhooks", secrets: ["whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"] } },
    ]);
    await world.accept(`/in/${slug}`, { body: "{}" });
    await world.drain();
    const [delivery] = (await call("GET", `/deliveries?source=${slug}`)).json.data ?? [];
    const names: Record<string, string> = {
      "/sources/{id}": slug,
      "/destinations/{id}": destinationIds[0] ?? "",
      "/destinations/{id}/health": destinationIds[0] ?? "",
      "/connections/{id}": connectionIds[0] ?? "",
      "/events/{id}": String(delivery?.["event_id"]),
      "/deliveries/{id}": String(delivery?.["id"]),
    };
    for (const [path, id] of Object.entries(names)) {
      const answer = await call("GET", path.replace("{id}", id));
      expect([path, answer.status]).toEqual([path, 200]);
      expect(faults(`GET ${path}`, 200, answer.headers.get("content-type") ?? "", answer.json), path).toEqual([]);
    }
  });

  it("holds problems: each under its own status", async () => {
    const slug = unique("taken");
    await call("POST", "/sources", { slug });
    const refused: [string, string, unknown, number][] = [
      ["POST /sources", "/sources", { slug }, 409],
      ["POST /sources", "/sources", { slug: "A B" }, 422],
      ["POST /sources", "/sources", "{", 400],
      ["GET /sources/{id}", "/sources/nowhere", undefined, 404],
      ["GET /events", "/events?limit=0", undefined, 422],
    ];
    for (const [operation, path, body, status] of refused) {
      const answer = await call(operation.split(" ")[0] ?? "", path, body);
      expect([operation, answer.status]).toEqual([operation, status]);
      const type = answer.headers.get("content-type") ?? "";
      expect([operation, faults(operation, status, type, answer.json)]).toEqual([operation, []]);
    }
    expect(faults("GET /events", 418, "application/json", {})).toContain("does not declare 418");
    expect(faults("GET /callbacks/secret", 200, "application/json", { secrets: [], more: 1 })).not.toEqual([]);
  });
});
