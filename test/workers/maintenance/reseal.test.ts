// A change of the master key, through the API and the sweep.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { configPlace, type SecretPlace } from "../../../src/signing/index.ts";
import { createRuntime } from "../../../src/worker/runtime.ts";
import { sweep } from "../../../src/maintenance/index.ts";
import type { StoredSecret } from "../../../src/model/secret.ts";
import { createClient, unique } from "../api/harness.ts";
import { DAY_MS } from "../../../src/kernel/durations.ts";
import { sealUnbound } from "../../unbound-secret.ts";
import { createRoute } from "../harness.ts";
import { sweepPorts } from "../../../src/worker/ports/sweep.ts";

const FORMER = (env as unknown as { SLUICE_MASTER_KEY: string }).SLUICE_MASTER_KEY;
const FRESH = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
const rotated = () => createRuntime({ ...env, SLUICE_MASTER_KEY: FRESH, SLUICE_MASTER_KEYS_OLD: FORMER } as Env);
const withoutFormer = () => createRuntime({ ...env, SLUICE_MASTER_KEY: FRESH });

const tokenOf = (id: string): SecretPlace => configPlace(id, "auth/token");
const authOf = async (id: string): Promise<{ token: StoredSecret }> => {
  const row = await env.DB.prepare("SELECT spec FROM destinations WHERE id = ?").bind(id).first<{ spec: string }>();
  return (JSON.parse(row?.spec ?? "{}") as { auth: { token: StoredSecret } }).auth;
};

describe("a change of the master key", () => {
  it("keeps every secret readable, and the sweep reseals all of them, retiring signing secrets too [G8]", async () => {
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
    const id = routes[0]?.destinationIds[0] ?? "";
    const first = await authOf(id);
    expect(await runtime.vault.openSecrets([first.token], tokenOf(id))).toEqual(["token-0"]);
    expect(await withoutFormer().vault.open(first.token, tokenOf(id))).toMatchObject({
      ok: false,
      error: { reason: "key_unknown" },
    });

    await sweep(sweepPorts(runtime));
    const later = withoutFormer();
    for (const [index, route] of routes.entries()) {
      const destination = route.destinationIds[0] ?? "";
      const { token } = await authOf(destination);
      expect(await later.vault.openSecrets([token], tokenOf(destination))).toEqual([`token-${index}`]);
    }
    const keys = await createClient({ vault: runtime.vault }).call("GET", "/master-keys");
    const current = await runtime.vault.currentKeyId();
    expect(keys.json).toEqual({
      current_key_id: current.ok ? current.value : "",
      data: [{ key_id: current.ok ? current.value : "", secrets: 62 }],
    });
  });

  it("publishes the route documents with the resealed secrets", async () => {
    const { slug, destinationIds } = await createRoute([{ auth: { type: "bearer", token: "token" } }]);
    const runtime = rotated();
    await runtime.routes.bySlug(slug, () => undefined);
    await sweep(sweepPorts(runtime));
    const document = await env.ROUTES.get(`route/${slug}`);
    const { token } = await authOf(destinationIds[0] ?? "");
    expect(document).toContain("sealed" in token ? token.sealed : "none");
  });

  it("skips a secret that no key opens, logs it without its value, and reseals the rest", async () => {
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
    const destination = kept.destinationIds[0] ?? "";
    const after = await authOf(destination);
    expect(await withoutFormer().vault.openSecrets([after.token], tokenOf(destination))).toEqual(["token-kept"]);
    await env.DB.prepare("DELETE FROM destinations WHERE id = ?").bind(id).run();
  });

  it("keeps the proofs of earlier event ids valid", async () => {
    const id = await createRuntime(env).ids.mint(Date.now());
    expect([await rotated().ids.proves(id), await withoutFormer().ids.proves(id)]).toEqual([true, false]);
  });

  it("is checked for once a day while there is no former key", async () => {
    const runtime = createRuntime(env);
    await env.DB.prepare("DELETE FROM marks WHERE name = 'reseal'").run();
    for (const _round of [1, 2]) expect(await sweepPorts(runtime).reseal()).toBe(0);
    const mark = await env.DB.prepare("SELECT at FROM marks WHERE name = 'reseal'").first<{ at: number }>();
    expect(Math.abs((mark?.at ?? 0) - Date.now() - DAY_MS)).toBeLessThan(60_000);
  });
});

describe("secrets that an earlier release has sealed without binding them to their place", () => {
  it("stay readable, and are resealed a day after the upgrade, so that it can be rolled back meanwhile [G8]", async () => {
    const { destinationIds } = await createRoute([{ auth: { type: "bearer", token: "token-old" } }]);
    const id = destinationIds[0] ?? "";
    const old = await sealUnbound(FORMER, "token-old");
    await env.DB.prepare("UPDATE destinations SET spec = json_set(spec, '$.auth.token.sealed', ?1) WHERE id = ?2")
      .bind(old.sealed, id)
      .run();
    await env.DB.prepare("DELETE FROM marks WHERE name = 'reseal'").run();
    const today = createRuntime(env);
    expect(await today.vault.openSecrets([old], tokenOf(id))).toEqual(["token-old"]);
    await sweep(sweepPorts(today));
    expect((await authOf(id)).token).toEqual(old);
    const tomorrow = createRuntime(env, () => Date.now() + DAY_MS + 60_000);
    const { reseal } = sweepPorts(tomorrow);
    while ((await reseal()) > 0);
    const { token } = await authOf(id);
    expect(token).not.toEqual(old);
    expect(await tomorrow.vault.openSecrets([token], tokenOf(id))).toEqual(["token-old"]);
  });
});
