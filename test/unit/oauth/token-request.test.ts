// Uses a real token server on this machine.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { authSchema, type AuthOf } from "../../../src/model/destination-auth.ts";
import { requestToken } from "../../../src/oauth/token-request.ts";

let server: Server | null = null;
afterEach(async () => {
  await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
  server = null;
});

interface Seen {
  readonly headers: IncomingMessage["headers"];
  readonly body: URLSearchParams;
}

async function ask(change: Record<string, unknown>, respond: (response: ServerResponse) => void) {
  const seen: Seen[] = [];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      seen.push({ headers: request.headers, body: new URLSearchParams(body) });
      respond(response);
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const auth = authSchema.parse({
    type: "oauth2_client_credentials",
    token_url: `http://127.0.0.1:${port}/token`,
    client_id: "client:id",
    client_secret: { secret: "CLIENT" },
    ...change,
  }) as AuthOf<"oauth2_client_credentials">;
  const result = await requestToken(auth, "planted secret", fetch);
  return { result, seen: seen[0], count: seen.length };
}
const json =
  (body: unknown, status = 200) =>
  (response: ServerResponse): void => {
    response.writeHead(status, { "content-type": "application/json", connection: "close" }).end(JSON.stringify(body));
  };

describe("a request to the token endpoint", () => {
  it("contains grant, scope and audience, and the form-encoded credentials in the header", async () => {
    const { result, seen } = await ask(
      { scope: "a b", audience: "api" },
      json({ access_token: "t", token_type: "Bearer", expires_in: 60 }),
    );
    expect(result).toEqual({ ok: true, value: { token: "t", lifetimeMs: 60_000 } });
    expect(Object.fromEntries(seen?.body ?? [])).toEqual({
      grant_type: "client_credentials",
      scope: "a b",
      audience: "api",
    });
    expect(seen?.headers.authorization).toBe(`Basic ${btoa("client%3Aid:planted+secret")}`);
  });

  it("contains the credentials in the body when auth_style is post", async () => {
    const { seen } = await ask({ auth_style: "post" }, json({ access_token: "t" }));
    expect([seen?.body.get("client_id"), seen?.body.get("client_secret")]).toEqual(["client:id", "planted secret"]);
    expect(seen?.headers.authorization).toBeUndefined();
  });

  it.each([
    [{ access_token: "t", expires_in: "120" }, 120_000],
    [{ access_token: "t" }, 600_000],
    [{ access_token: "t", expires_in: -1 }, 600_000],
    [{ access_token: "t", expires_in: 1e9 }, 86_400_000],
  ])("reads the lifetime of %j", async (answer, lifetimeMs) => {
    expect((await ask({}, json(answer))).result).toEqual({ ok: true, value: { token: "t", lifetimeMs } });
  });

  it.each([
    [
      json({ error: "invalid_client", error_description: "planted secret" }, 401),
      "token endpoint answered 401 invalid_client",
    ],
    [json({ error: "planted secret" }, 400), "token endpoint answered 400"],
    [json({ access_token: "line\nend" }), "token endpoint gave no access_token"],
    [json({ access_token: 5 }), "token endpoint gave no access_token"],
    [json({ access_token: "t", token_type: "mac" }), "token endpoint gave a token of another type than bearer"],
    [json({ access_token: "t", filler: "x".repeat(70_000) }), "token endpoint gave no access_token"],
    [(response: ServerResponse) => void response.end("no json"), "token endpoint gave no access_token"],
    [
      (response: ServerResponse) => void response.writeHead(302, { location: "/token" }).end(),
      "token endpoint answered 302",
    ],
  ])("reports a failure without repeating the endpoint's text", async (respond, detail) => {
    const { result } = await ask({}, respond);
    expect(result).toEqual({ ok: false, error: { detail, isTemporary: false } });
  });

  it.each([
    [json({}, 503), "token endpoint answered 503"],
    [json({}, 429), "token endpoint answered 429"],
    [json({}, 408), "token endpoint answered 408"],
    [(response: ServerResponse) => void response.destroy(), "token endpoint cannot be reached"],
  ])("calls a failure temporary that says nothing about the credentials", async (respond, detail) => {
    const { result, count } = await ask({}, respond);
    expect(result).toEqual({ ok: false, error: { detail, isTemporary: true } });
    expect(count).toBeLessThanOrEqual(2);
  });
});
