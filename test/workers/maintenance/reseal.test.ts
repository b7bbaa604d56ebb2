// A change of the master key, over the API and the sweep.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { sweep } from "../../../src/maintenance/index.ts";
import type { StoredSecret } from "../../../src/model/secret.ts";
import { createClient, unique } from "../api/harness.ts";
import { createRoute } from "../harness.ts";
import { sweepPorts } from "../../../src/worker/ports/sweep.ts";

const FORMER = (env as unknown as { SLUICE_MASTER_KEY: string }).SLUICE_MASTER_KEY;
const FRESH = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
const rotated = () => createRuntime({ ...env, SLUICE_MASTER_KEY: FRESH, SLUICE_MASTER_KEYS_OLD: FORMER } as Env);
const withoutFormer = () => createRuntime({ ...env, SLUICE_MASTER_KEY: FRESH });

const authOf = async (id: string): Promise<{ token: StoredSecret }> => {
  const row = await env.DB.prepare("SELECT spec FROM destinations WHERE id = ?").bind(id).first<{ spec: string }>();
  return (JSON.parse(row?.spec ?? "{}") as { auth: { token: StoredSecret } }).auth;
};

describe("a change of the master key", () => {
  it("leaves every secret readable, and the sweep seals all of them anew, former signing secrets too [G8]", async () => {
    const routes = await Promise.all(
      Array.from({ length: 60 }, (_, index) => createRoute([{ auth: { type: "bearer", token: `token-${index}` } }])),
    );
    const { call } = createClient();
    const slug = unique("rotating");
    await call("POST", "/destinations", {
      slug,
      url: "https://api.example.com/",
      signing: { type: "standard_webhooks" },
    });
    await call("POST", `/destinations/${slug}/rotate-secret`, {});
    const runtime = rotated();
    const first = await authOf(routes[0]?.destinationIds[0] ?? "");
    expect(await runtime.vault.openSecrets([first.token])).toEqual(["token-0"]);
    expect(await withoutFormer().vault.open(first.token)).toMatchObject({
      ok: false,
      error: { reason: "key_unknown" },
    });

    await sweep(sweepPorts(runtime));
    const later = withoutFormer();
    for (const [index, route] of routes.entries()) {
      const { token } = await authOf(route.destinationIds[0] ?? "");
      expect(await later.vault.openSecrets([token])).toEqual([`token-${index}`]);
    }
    const keys = await createClient({ vault: runtime.vault }).call("GET", "/master-keys");
    const current = await runtime.vault.currentKeyId();
    expect(keys.json).toEqual({
      current_key_id: current.ok ? current.value : "",
      data: [{ key_id: current.ok ? current.value : "", secrets: 62 }],
    });
  });

  it("publishes the documents that hold the secrets anew", async () => {
    const { slug, destinationIds } = await createRoute([{ auth: { type: "bearer", token: "token" } }]);
    const runtime = rotated();
    await runtime.routes.bySlug(slug, () => undefined);
    await sweep(sweepPorts(runtime));
    const document = await env.ROUTES.get(`route/${slug}`);
    const { token } = await authOf(destinationIds[0] ?? "");
    expect(document).toContain("sealed" in token ? token.sealed : "none");
  });

  it("passes over what no key opens, says so without the value, and seals the rest", async () => {
    const [lost, kept] = [
      await createRoute([{ auth: { type: "bearer", token: "token-lost" } }]),
      await createRoute([{ auth: { type: "bearer", token: "token-kept" } }]),
    ];
    const id = lost.destinationIds[0] ?? "";
    const { token } = await authOf(id);
    const sealed = "sealed" in token ? token.sealed : "";
    await env.DB.prepare("UPDATE destinations SET spec = replace(spec, ?1, ?2) WHERE id = ?3")
      .bind(sealed, sealed.replace(/^v1\..{8}/, "v1.00000000"), id)
      .run();
    const runtime = rotated();
    const lines: string[] = [];
    const log = (message: string, fields = {}): void => void lines.push(JSON.stringify([message, fields]));
    const logged = { ...runtime, log: { debug: log, info: log, error: log } };
    await sweep(sweepPorts(logged));
    expect(lines.join()).toContain("secret not resealed");
    expect(lines.join()).not.toMatch(/token-lost|token-kept/);
    const after = await authOf(kept.destinationIds[0] ?? "");
    expect(await withoutFormer().vault.openSecrets([after.token])).toEqual(["token-kept"]);
    await env.DB.prepare("DELETE FROM destinations WHERE id = ?").bind(id).run();
  });

  it("leaves event ids that were handed out before provable", async () => {
    const id = await createRuntime(env).ids.mint(Date.now());
    expect([await rotated().ids.proves(id), await withoutFormer().ids.proves(id)]).toEqual([true, false]);
  });

  it("costs nothing while there is no former key", () => {
    expect(sweepPorts(createRuntime(env)).reseal).toBeNull();
  });
});
