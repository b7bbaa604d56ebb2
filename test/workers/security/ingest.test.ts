// What a sender must not be able to do to those who look at its requests, and what Sluice must not pass on.
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { SluiceEvent } from "../../../src/model/event.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { buildApp } from "../../../src/worker/ports/api.ts";
import { createClient, unique, type Json } from "../api/harness.ts";
import { createRoute, createWorld, type World } from "../harness.ts";

const app = buildApp(createRuntime(env));
const fetchApp = async (path: string, init: RequestInit = {}): Promise<Response> =>
  app.fetch(new Request(`https://edge.test${path}`, init), env, createExecutionContext());

describe("every response under /in/", () => {
  const page = { status: 200, content_type: "text/html", body: "<script>fetch('/api/v1/tokens')</script>" };

  it.each([
    ["a configured page", {}, "", { method: "POST", body: "x" }, 200],
    ["a method that is not allowed", {}, "", { method: "GET" }, 405],
    ["a body that is too large", { max_body_bytes: 1 }, "", { method: "POST", body: "xx" }, 413],
    [
      "a failed verification",
      { verification: { type: "bearer", secrets: ["t"] } },
      "",
      { method: "POST", body: "x" },
      401,
    ],
    ["a disabled source", { enabled: false }, "", { method: "POST", body: "x" }, 404],
    ["a sub-path", {}, "/a/b?c", { method: "POST", body: "x" }, 200],
  ] as const)("is sandboxed and not sniffed: %s [G8]", async (_case, source, rest, init, status) => {
    const { slug } = await createRoute([], { response: page, ...source });
    const response = await fetchApp(`/in/${slug}${rest}`, init);
    expect([
      response.status,
      response.headers.get("content-security-policy"),
      response.headers.get("x-content-type-options"),
    ]).toEqual([status, "sandbox; default-src 'none'", "nosniff"]);
  });

  it.each(["/in", "/in/", "/in/no-such-source", "/in/NO_SLUG", "/in/%00"])("is sandboxed at %s [G8]", async (path) => {
    const response = await fetchApp(path, { method: "POST", body: "x" });
    expect([response.status, response.headers.get("content-security-policy")]).toEqual([
      404,
      "sandbox; default-src 'none'",
    ]);
  });

  it.each([
    "Content-Security-Policy",
    "content-security-policy-report-only",
    "X-Content-Type-Options",
    "set-cookie",
    "refresh",
    "location",
    "link",
    "strict-transport-security",
    "alt-svc",
    "report-to",
    "clear-site-data",
    "service-worker-allowed",
  ])("cannot be configured with %s [G12]", async (name) => {
    const { status, json } = await createClient().call("POST", "/sources", {
      slug: unique("page"),
      response: { ...page, headers: { [name]: "x" } },
    });
    expect([status, json.errors?.[0]]).toEqual([
      422,
      { pointer: `/response/headers/${name}`, detail: "cannot be set by a source" },
    ]);
  });
});

/** The event that one request becomes, and the request that goes out for it. */
async function receive(source: Record<string, unknown>, path: string, init: RequestInit, world: World = createWorld()) {
  const { slug } = await createRoute([{}], source);
  const accepted = await world.accept(`/in/${slug}${path}`, { body: "{}", ...init });
  const message = world.queued.at(-1)?.message;
  if (!accepted.ok || message?.kind !== "event")
    return { accepted, event: null, sent: null, shown: "", json: {} as Json };
  await world.turn();
  const { json, text } = await createClient().call("GET", `/events/${message.event.id}`);
  return { accepted, event: message.event, sent: world.requests.at(-1) ?? null, shown: text, json };
}
const namesOf = (event: SluiceEvent | null): string[] => (event?.headers ?? []).map(([name]) => name);

describe("a sender", () => {
  it("cannot plant a session of the dashboard or of Cloudflare Access; its own cookies stay [G8]", async () => {
    const cookie = "mine=1; __Host-sluice=SESSION; sluice=SESSION; CF_Authorization=SESSION; other=2";
    const { event, sent, shown } = await receive({}, "", { headers: { cookie, "cf-access-jwt-assertion": "SESSION" } });
    expect(event?.headers.find(([name]) => name === "cookie")).toEqual(["cookie", "mine=1; other=2"]);
    expect(JSON.stringify([event, sent]) + shown).not.toContain("SESSION");
    const joined = "mine=1,CF_Session=SESSION, __Host-sluice=SESSION;sluice = SESSION; other=2,3";
    const several = await receive({}, "", { headers: { cookie: joined } });
    expect(several.event?.headers.find(([name]) => name === "cookie")).toEqual(["cookie", "mine=1; other=2,3"]);
    const only = await receive({}, "", { headers: { cookie: "__Host-sluice=SESSION" } });
    expect(namesOf(only.event)).not.toContain("cookie");
  });

  it("cannot set headers of Sluice's own, but the count of hops that ends loops", async () => {
    const headers = { "sluice-event-id": "evt_forged", "Sluice-Source": "forged", "sluice-hops": "2", "x-own": "1" };
    const { event, sent } = await receive({}, "", { headers });
    expect(namesOf(event).filter((name) => name.startsWith("sluice-"))).toEqual(["sluice-hops"]);
    expect(JSON.stringify(sent?.headers)).not.toContain("forged");
    expect(namesOf(event)).toContain("x-own");
  });
});

describe("a credential that a source verifies", () => {
  it("is masked in what a destination echoes [G8]", async () => {
    const world = createWorld();
    world.onRequest((request) => ({ status: 500, body: JSON.stringify(request.headers) }));
    const verification = { type: "bearer", secrets: ["SECRET-1"] };
    const headers = { authorization: "Bearer SECRET-1" };
    const { json } = await receive({ verification, forward_credentials: true }, "", { headers }, world);
    const [delivery] = json.deliveries as Json[];
    const { text } = await createClient().call("GET", `/deliveries/${String(delivery?.["id"])}`);
    expect(text).toContain("[redacted]");
    expect(text).not.toContain("SECRET-1");
  });

  const KINDS = [
    [{ type: "gitlab", secrets: ["SECRET-1"] }, "", { "x-gitlab-token": "SECRET-1" }],
    [{ type: "telegram", secrets: ["SECRET-1"] }, "", { "x-telegram-bot-api-secret-token": "SECRET-1" }],
    [{ type: "bearer", secrets: ["SECRET-1"] }, "", { authorization: "Bearer SECRET-1" }],
    [{ type: "basic", secrets: ["user:SECRET-1"] }, "", { authorization: `Basic ${btoa("user:SECRET-1")}` }],
    [{ type: "api_key", name: "X-Key", secrets: ["SECRET-1"] }, "", { "x-key": "SECRET-1" }],
    [{ type: "api_key", in: "query", name: "key", secrets: ["SECRET-1"] }, "?a=%20b&k%65y=SECRET-1&c", {}],
  ] as const;

  it.each(KINDS)("is neither stored, shown nor forwarded: %j [G8]", async (verification, query, headers) => {
    const { event, sent, shown } = await receive({ verification }, query, { headers: { ...headers, "x-own": "1" } });
    expect(event?.verified).toBe(true);
    const everything = JSON.stringify([event, sent]) + shown;
    expect(everything).not.toMatch(/SECRET-1|VNFQ1JFVC0x|OlNFQ1JFVC0x/);
    expect(namesOf(event)).toContain("x-own");
    if (query !== "") expect(event?.query).toBe("?a=%20b&c");
  });

  it.each(KINDS)(
    "is forwarded where the source says so, and masked in every view: %j",
    async (verification, query, headers) => {
      const { event, sent, shown, json } = await receive({ verification, forward_credentials: true }, query, {
        headers,
      });
      expect(event?.verified).toBe(true);
      const [name = "", value = ""] = Object.entries(headers)[0] ?? [];
      if (name !== "") {
        expect(sent?.headers.find(([key]) => key === name)?.[1]).toBe(value);
        expect((json.headers as [string, string][]).find(([key]) => key === name)?.[1]).toBe("[redacted]");
      } else {
        expect(sent?.url).toContain("SECRET-1");
        expect(json.query).toBe("?a=%20b&k%65y=[redacted]&c");
      }
      expect(shown).not.toMatch(/SECRET-1|VNFQ1JFVC0x|OlNFQ1JFVC0x/);
      expect(json).toMatchObject({ published: false });
      const tested = await createClient().call("POST", "/transforms/test", { event_id: json.id, transform: {} });
      expect([tested.status, tested.text]).toEqual([200, expect.stringContaining("[redacted]")]);
      expect(tested.text).not.toMatch(/SECRET-1|VNFQ1JFVC0x|OlNFQ1JFVC0x/);
      const found = async (text: string): Promise<number> =>
        (await createClient().call("GET", `/events?search=${text}`)).json.data.length;
      expect(await found("SECRET-1")).toBe(0);
    },
  );
});

describe("a handshake", () => {
  const crc = (slug: string, ip: string): Promise<Response> =>
    fetchApp(`/in/${slug}?crc_token=abc123`, { headers: { "cf-connecting-ip": ip } });

  it("is answered to the source's allowed addresses only [G9]", async () => {
    const verification = { type: "twitter", secrets: ["SECRET"], allowed_ips: ["192.0.2.0/24"] };
    const { slug } = await createRoute([], { verification });
    expect((await crc(slug, "192.0.2.9")).status).toBe(200);
    const refused = await crc(slug, "198.51.100.1");
    expect([refused.status, await refused.text()]).toEqual([401, expect.not.stringContaining("response_token")]);
  });

  it("of X gives no signature that a body could be accepted with [G9]", async () => {
    const { slug } = await createRoute([], { verification: { type: "twitter", secrets: ["SECRET"] } });
    const sign = (text: string): string => `sha256=${createHmac("sha256", "SECRET").update(text).digest("base64")}`;
    for (const token of ["abc123", "12345", "true", "a=b", "9b4507b3-9040-4669-9ca3-6b94edb50553"]) {
      const answer = await fetchApp(`/in/${slug}?crc_token=${encodeURIComponent(token)}`);
      const { response_token } = await answer.json<{ response_token: string }>();
      expect(response_token).toBe(sign(token));
      const replayed = await fetchApp(`/in/${slug}`, {
        method: "POST",
        headers: { "x-twitter-webhooks-signature": response_token },
        body: token,
      });
      expect(replayed.status).toBe(401);
    }
    for (const body of ['{"a":1}', "[1]", '"text"', "a b"])
      expect((await fetchApp(`/in/${slug}?crc_token=${encodeURIComponent(body)}`)).status).not.toBe(200);
    const genuine = await fetchApp(`/in/${slug}`, {
      method: "POST",
      headers: { "x-twitter-webhooks-signature": sign('{"a":1}') },
      body: '{"a":1}',
    });
    expect(genuine.status).toBe(200);
  });
});
