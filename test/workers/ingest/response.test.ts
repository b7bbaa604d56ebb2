// What senders are answered, over the whole app.
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { acceptedResponse } from "../../../src/ingest/index.ts";
import type { EventId } from "../../../src/model/ids.ts";
import { sourceSpecSchema, type Source } from "../../../src/model/source.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { buildApp } from "../../../src/worker/ports/api.ts";
import { createClient, unique } from "../api/harness.ts";

const app = buildApp(createRuntime(env));
const fetchApp = async (path: string, init: RequestInit = {}): Promise<Response> => {
  return app.fetch(new Request(`https://edge.test${path}`, init), env, createExecutionContext());
};
const create = async (source: Record<string, unknown>): Promise<Response> =>
  fetchApp("/api/v1/sources", {
    method: "POST",
    headers: { authorization: "Bearer test-admin-token-of-the-tests", "content-type": "application/json" },
    body: JSON.stringify(source),
  });
const answerOf = async (response: Record<string, unknown>): Promise<Response> => {
  const slug = unique("answer");
  expect((await create({ slug, response })).status).toBe(201);
  return fetchApp(`/in/${slug}`, { method: "POST", body: "x" });
};

describe("a source's configured answer", () => {
  it("is TwiML for Twilio", async () => {
    const answer = await answerOf({ status: 200, content_type: "text/xml", body: "<Response/>" });
    expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([
      200,
      "text/xml",
      "<Response/>",
    ]);
    expect(answer.headers.get("sluice-event-id")).toMatch(/^evt_/);
  });

  it("is a plain ok with headers of its own", async () => {
    const answer = await answerOf({ status: 200, headers: { "content-type": "text/plain", "x-own": "1" }, body: "ok" });
    expect([answer.headers.get("content-type"), answer.headers.get("x-own"), await answer.text()]).toEqual([
      "text/plain",
      "1",
      "ok",
    ]);
  });

  it.each([200, 204, 205])("is empty with status %i, without a content type", async (status) => {
    const answer = await answerOf({ status });
    expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([status, null, ""]);
    expect(answer.headers.get("sluice-event-id")).toMatch(/^evt_/);
  });

  it("carries 16 KiB, counted in bytes", async () => {
    expect(await (await answerOf({ body: "é".repeat(8 * 1024) })).text()).toHaveLength(8 * 1024);
    const { call } = createClient();
    const { status, json } = await call("POST", "/sources", {
      slug: unique("a"),
      response: { body: "é".repeat(8_193) },
    });
    expect([status, json.errors?.[0]?.pointer]).toEqual([422, "/response/body"]);
  });
});

describe("an answer that could break out [G12]", () => {
  it.each([
    ["/response/headers/x-a", { headers: { "x-a": "1\r\nset-cookie: a=1" } }],
    ["/response/headers/x-a", { headers: { "x-a": "1\n" } }],
    ["/response/headers/x-a", { headers: { "x-a": "\u0000" } }],
    ["/response/headers/x-a", { headers: { "x-a": "\u2028" } }],
    ["/response/headers/Set-Cookie", { headers: { "Set-Cookie": "a=1" } }],
    ["/response/headers/content-length", { headers: { "content-length": "5" } }],
    ["/response/headers/Transfer-Encoding", { headers: { "Transfer-Encoding": "chunked" } }],
    ["/response/headers/connection", { headers: { connection: "close" } }],
    ["/response/headers/content-encoding", { headers: { "content-encoding": "gzip" } }],
    ["/response/headers/sluice-event-id", { headers: { "sluice-event-id": "evt_forged" } }],
    ["/response/headers/x-request-id", { headers: { "x-request-id": "1" } }],
    ["/response/content_type", { content_type: "text/plain\r\nx: 1" }],
    ["/response/content_type", { content_type: "html" }],
    ["/response/content_type", { content_type: "text/plain", headers: { "Content-Type": "text/html" } }],
    ["/response/body", { status: 204, body: "x" }],
    ["/response/status", { status: 301 }],
    ["/response/status", { status: 199 }],
  ])("is refused: %s", async (pointer, response) => {
    const { call } = createClient();
    const { status, json } = await call("POST", "/sources", { slug: unique("bad"), response });
    expect(status).toBe(422);
    expect(json.errors?.[0]?.pointer.startsWith(pointer)).toBe(true);
  });

  it("is refused in a change as well, which changes nothing", async () => {
    const { call } = createClient();
    const slug = unique("patched");
    await call("POST", "/sources", { slug });
    const { status } = await call("PATCH", `/sources/${slug}`, { response: { headers: { "set-cookie": "a" } } });
    expect(status).toBe(422);
    expect((await call("GET", `/sources/${slug}`)).json.response).toBeNull();
  });
});

describe("a default answer", () => {
  const answer = (type: string): Response => {
    const spec = sourceSpecSchema.parse({ name: "a", slug: "a" });
    const source = { ...spec, verification: { type }, id: "src_1" } as unknown as Source;
    return acceptedResponse({ kind: "event", id: "evt_1" as EventId, type: null, source, duplicate: false });
  };

  it.each([
    ["none", 202, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["stripe", 202, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["constructor", 202, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["mailgun", 200, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["dropbox", 200, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["zoom", 200, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["paystack", 200, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["linear", 200, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["postmark", 200, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["meta", 200, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["whatsapp", 200, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["coinbase_commerce", 200, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["discord", 204, "application/json", ""],
    ["airtable", 204, "application/json", ""],
    ["okta", 204, "application/json", ""],
    ["twitter", 200, "application/json", '{"id":"evt_1","status":"accepted"}'],
    ["adyen", 200, "text/plain; charset=utf-8", "[accepted]"],
    ["twilio", 200, "text/xml; charset=utf-8", "<Response></Response>"],
  ])("is one that %s takes for a success", async (type, status, contentType, text) => {
    const response = answer(type);
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([
      status,
      contentType,
      text,
    ]);
    expect(response.headers.get("sluice-event-id")).toBe("evt_1");
  });
});
