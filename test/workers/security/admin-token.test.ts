// Admin tokens that can be guessed close the API, and nothing else.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { buildApp } from "../../../src/worker/ports/api.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { createRoute } from "../harness.ts";

const EXAMPLE = "choose-a-long-random-string";
const SHORT = "x".repeat(23);
const { slug } = await createRoute();

async function request(adminToken: string, path: string, init: RequestInit = {}): Promise<Response> {
  const bindings = { ...env, SLUICE_ADMIN_TOKEN: adminToken };
  const ctx = createExecutionContext();
  const response = await buildApp(createRuntime(bindings)).request(`http://sluice.test${path}`, init, bindings, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}
const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

describe("an admin token that can be guessed", () => {
  it.each([
    ["of 23 characters", SHORT, "SLUICE_ADMIN_TOKEN has fewer than 24 characters."],
    ["of the example", EXAMPLE, "SLUICE_ADMIN_TOKEN is the example's value."],
  ])("%s is refused by the API, which says why [G8]", async (_what, token, reason) => {
    expect(token).not.toBe("");
    for (const path of ["/api/v1/sources", "/metrics"]) {
      const answer = await request(token, path, bearer(token));
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({
        code: "not_configured",
        detail: expect.stringContaining(reason) as string,
      });
    }
    const form = { method: "POST", body: new URLSearchParams({ token }), headers: { origin: "http://sluice.test" } };
    const page = await request(token, "/login", form);
    expect([page.status, page.headers.get("set-cookie"), (await page.text()).includes("openssl rand")]).toEqual([
      503,
      null,
      true,
    ]);
  });

  it.each([SHORT, EXAMPLE])("does not keep sources from accepting webhooks: %s", async (token) => {
    expect((await request(token, `/in/${slug}`, { method: "POST", body: "{}" })).status).toBe(202);
  });

  it("is read without white space around it, which no request can send", async () => {
    const token = "x".repeat(24);
    expect((await request(` ${token}\n`, "/api/v1/sources", bearer(token))).status).toBe(200);
  });

  it("is not one of 24 characters", async () => {
    const token = "x".repeat(24);
    expect((await request(token, "/api/v1/sources", bearer(token))).status).toBe(200);
  });
});
