// The settings of this deployment, read-only. Of a secret it says only whether it is set.
import type { Hono } from "hono";
import type { Settings } from "../config/env.ts";
import { DAY_MS } from "../kernel/durations.ts";
import type { Named } from "./openapi/client-types.ts";
import type { ApiDeps, ApiEnv } from "./deps.ts";

const settingsView = (settings: Settings): Named<"Settings"> => ({
  retention_days: settings.retentionMs / DAY_MS,
  audit_retention_days: settings.auditRetentionMs / DAY_MS,
  journal: settings.journal,
  backpressure_share: settings.backpressureShare,
  allow_private: settings.allowPrivate,
  allow_http: settings.allowHttp,
  public_origin: settings.publicOrigin,
  hostnames: settings.hostnames,
  doh_urls: settings.dohUrls,
  log_level: settings.logLevel,
  /** A misconfigured Access refuses everyone, and shows no details. */
  access:
    settings.access === null
      ? null
      : settings.access === "misconfigured"
        ? { team: null, scope: null, admins: 0 }
        : { team: settings.access.origin, scope: settings.access.scope, admins: settings.access.admins.length },
  master_key: settings.masterKey !== null,
});

export function mountSettings(app: Hono<ApiEnv>, { settings }: Pick<ApiDeps, "settings">): void {
  app.get("/settings", (c) => c.json(settingsView(settings)));
}
