// Which master keys encrypt the stored secrets. A former key that encrypts none can be removed.
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
