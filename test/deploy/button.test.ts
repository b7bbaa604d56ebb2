// What Cloudflare's deploy button shows and asks for.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { expect, it } from "vitest";
import { SECRETS } from "../../scripts/deploy/secrets.ts";
import { WRANGLER_TOML } from "./harness.ts";

const read = (name: string): string => readFileSync(join(import.meta.dirname, "../..", name), "utf8");
interface Manifest {
  readonly cloudflare: { readonly bindings: Readonly<Record<string, { readonly description: string }>> };
}

it("every binding and secret has a description, and the example file has the secrets without a value to leave in place", () => {
  const { d1_databases = [], kv_namespaces = [], r2_buckets = [], queues } = WRANGLER_TOML;
  const bindings = [...d1_databases, ...kv_namespaces, ...r2_buckets, ...(queues?.producers ?? [])];
  const manifest: Manifest = JSON.parse(read("package.json"));
  const described = manifest.cloudflare.bindings;
  for (const name of [...bindings.map(({ binding }) => binding), ...SECRETS])
    expect(described[name]?.description, name).toMatch(/\S{3,}/);
  for (const name of Object.keys(described))
    expect([...bindings.map(({ binding }) => binding), ...SECRETS, ...Object.keys(WRANGLER_TOML.vars ?? {})]).toContain(
      name,
    );
  expect(parseEnv(read(".dev.vars.example"))).toEqual(Object.fromEntries(SECRETS.map((name) => [name, ""])));
});
