// Settings: tokens, audit log, configuration as text, and the deployment's variables, which are read-only here.
import type { Hono } from "hono";
import { Facts } from "../components/table.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import type { Queues } from "../shapes.ts";
import { mountAudit } from "./audit.tsx";
import { Database } from "./database.tsx";
import { mountConfigText } from "./config-text.tsx";
import { settingsPage } from "./settings-page.tsx";
import { SCOPE_LABELS, mountTokens } from "./tokens.tsx";
import type { SettingsShape } from "../shapes.ts";

const yes = (value: boolean): string => (value ? "yes" : "no");

async function show(c: Ctx): Promise<Response> {
  const api = c.get("api");
  const [settings, keys, queues] = await Promise.all([
    api.get<SettingsShape>("/settings"),
    api.find<{ current_key_id: string | null; data: readonly { key_id: string; count: number }[] }>("/master-keys"),
    api.find<Queues>("/queues"),
  ]);
  const { access } = settings;
  return settingsPage(
    c,
    "/settings",
    <section class="card narrow">
      <Facts
        of={[
          ["Retention of events and deliveries", `${settings.retention_days} days`],
          ["Retention of the audit log", `${settings.audit_retention_days} days`],
          [
            "Before the response, an event is stored",
            settings.journal === "always"
              ? "in D1, then in the queue"
              : "in the queue; in D1 or R2 if the queue refuses it",
          ],
          ["Back-pressure begins at", `${Math.round(settings.backpressure_share * 100)} % of the queue's capacity`],
          ["Private addresses allowed", yes(settings.allow_private)],
          ["Plain HTTP allowed", yes(settings.allow_http)],
          [
            "DNS resolvers",
            settings.doh_urls.length === 0 ? "none: host names are trusted" : settings.doh_urls.join(", "),
          ],
          ["Host names of this deployment", settings.hostnames.length === 0 ? "–" : settings.hostnames.join(", ")],
          ["Sign-in", access === null ? "API token" : `Cloudflare Access, ${access.team}`],
          ...(access?.scope == null
            ? []
            : ([
                ["Scope through Access", SCOPE_LABELS[access.scope]],
                ["Admins (ACCESS_ADMINS)", String(access.admins)],
              ] as const)),
          ["Log level", settings.log_level],
          ["Master key set", yes(settings.master_key)],
          ...(keys?.current_key_id == null
            ? []
            : [["Current master key", <code>{keys.current_key_id}</code>] as const]),
          ...(queues === null ? [] : [["Database", <Database {...queues} />] as const]),
        ]}
      />
      <p class="hint">
        These are variables and secrets of the Worker. Change them in wrangler.toml or with wrangler secret put, then
        deploy.
      </p>
    </section>,
  );
}

export function mountSettings(app: Hono<DashEnv>): void {
  app.get("/settings", (c) => show(c));
  mountTokens(app);
  mountAudit(app);
  mountConfigText(app);
}
