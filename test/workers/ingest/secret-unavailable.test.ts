// Sources whose secrets cannot be opened: a master key that is gone, a secret of the Worker that is missing.
import { createHmac } from "node:crypto";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { EventMessage } from "../../../src/model/message.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { buildApp } from "../../../src/worker/ports/api.ts";
import { createRoute } from "../harness.ts";

const SECRET = "planted-source-secret";
const ctx = { waitUntil: () => undefined, passThroughOnException: () => undefined } as unknown as ExecutionContext;

/** A deployment with other secrets, and a sender that signs as it must. */
function deployment(change: Record<string, unknown>) {
  const sent: EventMessage[] = [];
  const queue = { send: async (message: EventMessage) => void sent.push(message) };
  const runtime = createRuntime({ ...env, EVENTS: queue, ...change } as unknown as Env);
  const lines: string[] = [];
  const log = (message: string, fields = {}): void => void lines.push(JSON.stringify([message, fields]));
  const app = buildApp({ ...runtime, log: { debug: log, info: log, error: log } });
  const post = async (slug: string, secret = SECRET): Promise<Response> => {
    const signature = `sha256=${createHmac("sha256", secret).update("{}").digest("hex")}`;
    const init = { method: "POST", body: "{}", headers: { "x-hub-signature-256": signature } };
    return app.request(`https://hooks.test/in/${slug}`, init, {}, ctx);
  };
  return { sent, lines, post };
}
const sourceWith = async (secret: unknown): Promise<string> =>
  (await createRoute([{}], { verification: { type: "github", secrets: [secret] } })).slug;

describe("a source whose secret cannot be opened", () => {
  it.each([
    ["its master key is gone", SECRET, { SLUICE_MASTER_KEY: btoa("x".repeat(32)) }],
    ["the master key is malformed", SECRET, { SLUICE_MASTER_KEY: "not a key" }],
    ["the Worker's secret is missing", { secret: "PARTNER_TOKEN" }, { PARTNER_TOKEN: "" }],
  ])(
    "answers 503 with retry-after when %s; nothing gets through, nothing is said [G8] [G9]",
    async (_why, secret, change) => {
      const slug = await sourceWith(secret);
      const broken = deployment(change);
      const answer = await broken.post(slug);
      expect([answer.status, Number(answer.headers.get("retry-after"))]).toEqual([503, 5]);
      expect(await answer.text()).toContain('"unavailable"');
      expect(broken.sent).toHaveLength(0);
      expect(broken.lines.join()).toContain("SecretUnavailable");
      expect(broken.lines.join()).not.toContain("planted");
      const mended = deployment({});
      const signedWith = typeof secret === "string" ? secret : "planted-worker-secret";
      expect((await mended.post(slug, signedWith)).status).toBe(202);
      expect(mended.sent[0]?.event.verified).toBe(true);
    },
  );

  it("does not keep sources without secrets from accepting", async () => {
    const { slug } = await createRoute([{}]);
    const broken = deployment({ SLUICE_MASTER_KEY: "not a key" });
    expect((await broken.post(slug)).status).toBe(202);
    expect(broken.sent).toHaveLength(1);
  });
});
