// Which master keys the stored secrets are sealed with: tells when a former key may be thrown away.
import type { Hono } from "hono";
import type { Named } from "./openapi/client-types.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";
import { secretsByKey } from "../store/index.ts";

export function mountKeys(app: Hono<ApiEnv>, deps: ApiDeps): void {
  app.get("/master-keys", async (c) => {
    const current = await deps.vault.currentKeyId();
    return c.json<Named<"MasterKeys">>({
      current_key_id: current.ok ? current.value : null,
      data: await secretsByKey(deps.db),
    });
  });
}
