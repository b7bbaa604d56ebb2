// Settings: tokens, alerts, what changed, the configuration as text, and what this deployment is set to. The last is read only: it is the Worker's.
import type { Hono } from "hono";
import { bytes } from "../components/number.ts";
import { Facts } from "../components/table.tsx";
import type { Ctx, DashEnv } from "../deps.ts";
import type { Queues } from "../shapes.ts";
import { mountAlerts } from "./alerts.tsx";
import { mountAudit } from "./audit.tsx";
import { mountConfigText } from "./config-text.tsx";
import { settingsPage } from "./settings-page.tsx";
import { MAY, mountTokens } from "./tokens.tsx";
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
          ["Events and deliveries are kept", `${settings.retention_days} days`],
          ["The audit log is kept", `${settings.audit_retention_days} days`],
          [
            "Before the answer an event stands",
            settings.journal === "always" ? "in D1, then in the queue" : "in the queue; in D1 where it refuses",
          ],
          ["Senders are slowed down from", `${Math.round(settings.backpressure_share * 100)} % of a full queue`],
          ["Private addresses may be called", yes(settings.allow_private)],
          ["Plain http may be called", yes(settings.allow_http)],
          [
            "Names are looked up at",
            settings.doh_urls.length === 0 ? "nowhere: they are trusted" : settings.doh_urls.join(", "),
          ],
          ["Own host names", settings.hostnames.length === 0 ? "–" : settings.hostnames.join(", ")],
          ["Viewers sign in with", access === null ? "a token of the API" : `Cloudflare Access, ${access.team}`],
          ...(access?.scope == null
            ? []
            : ([
                ["Whoever is let in may", MAY[access.scope]],
                ["By name do everything", `${access.admins} of ACCESS_ADMINS`],
              ] as const)),
          ["Log level", settings.log_level],
          ["Secrets can be stored", yes(settings.master_key)],
          ...(keys?.current_key_id == null ? [] : [["Master key in use", <code>{keys.current_key_id}</code>] as const]),
          ...(queues === null
            ? []
            : [["Database", `${bytes(queues.database.size_bytes)} of ${bytes(queues.database.max_bytes)}`] as const]),
        ]}
      />
      <p class="hint">These are variables and secrets of the Worker: change them in wrangler.toml and deploy.</p>
    </section>,
  );
}

export function mountSettings(app: Hono<DashEnv>): void {
  app.get("/settings", (c) => show(c));
  mountTokens(app);
  mountAlerts(app);
  mountAudit(app);
  mountConfigText(app);
}
