// Workers of the stand-in: uploads, versions, secrets, triggers, domains.
import { randomUUID } from "node:crypto";
import { present, refuse } from "./refusal.ts";
import { param, type Request, type Route } from "./routes.ts";
import { ACCOUNT, hex, type Script, type Version } from "./state.ts";
import { deployVersions, scriptOf, upload } from "./uploads.ts";

const A = "/accounts/:a";
const W = `${A}/workers/scripts/:s`;

const secretsOf = ({ secrets }: Script) => Object.keys(secrets).map((name) => ({ name, type: "secret_text" }));

const versionView = (script: Script, { id, created_on, bindings, annotations }: Version) => ({
  id,
  number: script.versions.findIndex((one) => one.id === id) + 1,
  metadata: { created_on, source: "wrangler" },
  annotations: annotations ?? {},
  resources: {
    bindings: [...bindings, ...secretsOf(script)],
    script: { etag: hex(), handlers: [] },
    script_runtime: {},
  },
});

/** Each change of a secret is a version of its own, deployed at once. */
function changeSecrets(script: Script, change: Readonly<Record<string, string | null>>): void {
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete script.secrets[name];
    else script.secrets[name] = value;
  }
  const last = script.versions.at(-1);
  if (last === undefined) return;
  const version = { ...last, id: randomUUID() };
  script.versions.push(version);
  deployVersions(script, [{ version_id: version.id, percentage: 100 }]);
}

function removeWorker(request: Request): null {
  const [name, { state }] = [param(request, "s"), request];
  scriptOf(request);
  const consumes = Object.values(state.queues).some(({ consumers }) => consumers.some(({ script }) => script === name));
  if (consumes && request.query.get("force") !== "true") refuse(10064, "script still in use as a consumer for a queue"); // workers-sdk#3370
  delete state.scripts[name];
  for (const object of state.objects) if (object.startsWith(`${name}_`)) state.objects.delete(object);
  for (const queue of Object.values(state.queues))
    queue.consumers = queue.consumers.filter(({ script }) => script !== name);
  return null;
}

const account: Route[] = [
  ["GET", "/user", () => ({ id: hex(), email: "you@example.com" })],
  ["GET", "/user/tokens/verify", () => ({ id: hex(), status: "active" })],
  [
    "GET",
    "/user/tokens/:t",
    ({ state: { settings } }) => {
      const groups = settings.token ?? refuse(9109, "Unauthorized to access requested resource", 403);
      return { policies: [{ effect: "allow", permission_groups: groups.map((name) => ({ id: hex(), name })) }] };
    },
  ],
  ["GET", "/memberships", () => [{ id: hex(), account: { id: ACCOUNT, name: "Stand-in" } }]],
  ["GET", "/accounts", () => [{ id: ACCOUNT, name: "Stand-in" }]],
  ["GET", "/zones", ({ state, query }) => state.zones.filter(({ name }) => [null, name].includes(query.get("name")))],
  [
    "GET",
    `${A}/workers/subdomain`,
    ({ state }) => ({
      subdomain: present(state.settings.subdomain ?? undefined, 10007, "You need a workers.dev subdomain"),
    }),
  ],
];

const workers: Route[] = [
  [
    "GET",
    `${A}/workers/services/:s`,
    (request) => {
      const name = param(request, "s");
      const { tag, tags, migration_tag } = present(request.state.scripts[name], 10090, "This service does not exist.");
      const script = { id: name, tag, tags, migration_tag, last_deployed_from: "wrangler" };
      return { id: name, default_environment: { environment: "production", script } };
    },
  ],
  ["DELETE", `${A}/workers/services/:s`, removeWorker],
  ["DELETE", W, removeWorker],
  [
    "GET",
    `${A}/workers/workers/:s`,
    (request) => ({ id: scriptOf(request).tag, name: param(request, "s"), subdomain: scriptOf(request).subdomain }),
  ],
  [
    "GET",
    `${W}/settings`,
    (request) => ({
      bindings: [...(scriptOf(request).versions.at(-1)?.bindings ?? []), ...secretsOf(scriptOf(request))],
    }),
  ],
  ["PATCH", `${W}/script-settings`, (request) => (scriptOf(request).tags = request.body["tags"] ?? [])],
  [
    "PUT",
    W,
    async (request) => {
      const { script, version } = await upload(request);
      deployVersions(script, [{ version_id: version.id, percentage: 100 }]);
      return { id: param(request, "s"), tag: script.tag, etag: hex(), deployment_id: version.id, startup_time_ms: 42 };
    },
  ],
  [
    "POST",
    `${W}/versions`,
    async (request) => {
      scriptOf(request);
      const { script, version } = await upload(request, true);
      return { ...versionView(script, version), startup_time_ms: 42 };
    },
  ],
  [
    "GET",
    `${W}/versions`,
    (request) => ({
      items: scriptOf(request)
        .versions.toReversed()
        .map((one) => versionView(scriptOf(request), one)),
    }),
  ],
  [
    "GET",
    `${W}/versions/:v`,
    (request) => {
      const found = scriptOf(request).versions.find(({ id }) => id === param(request, "v"));
      return versionView(scriptOf(request), present(found, 10222, "no such version"));
    },
  ],
  ["GET", `${W}/deployments`, (request) => ({ deployments: scriptOf(request).deployments })],
  ["POST", `${W}/deployments`, (request) => deployVersions(scriptOf(request), request.body["versions"])],
];

const secrets: Route[] = [
  ["GET", `${W}/secrets`, (request) => secretsOf(scriptOf(request))],
  [
    "PUT",
    `${W}/secrets`,
    (request) => {
      changeSecrets(scriptOf(request), { [String(request.body["name"])]: String(request.body["text"]) });
      return { name: request.body["name"], type: "secret_text" };
    },
  ],
  [
    "PATCH",
    `${W}/secrets-bulk`,
    (request) => {
      const given = request.body["secrets"] as Record<string, { text: string } | null>;
      const change = Object.entries(given).map(([name, secret]) => [name, secret?.text ?? null] as const);
      changeSecrets(scriptOf(request), Object.fromEntries(change));
      return secretsOf(scriptOf(request));
    },
  ],
  [
    "DELETE",
    `${W}/secrets/:n`,
    (request) => {
      changeSecrets(scriptOf(request), { [param(request, "n")]: null });
      return null;
    },
  ],
];

const assets: Route[] = [
  [
    "POST",
    `${W}/assets-upload-session`,
    ({ state, body }) => {
      const manifest = body["manifest"] as Record<string, { hash: string }>;
      const hashes = Object.values(manifest).flatMap(({ hash }) => (state.assets.has(hash) ? [] : [hash]));
      return { jwt: "session", buckets: hashes.length > 0 ? [hashes] : [] };
    },
  ],
  [
    "POST",
    `${A}/workers/assets/upload`,
    async (request) => {
      for (const hash of (await request.form()).keys()) request.state.assets.add(hash);
      return { jwt: "complete" };
    },
  ],
];

interface Named {
  readonly hostname: string;
}
const attachedTo = (request: Request, hostname: string): string | undefined =>
  Object.entries(request.state.scripts).find(([, { domains }]) =>
    domains.some((one) => one.hostname === hostname),
  )?.[0];

const triggers: Route[] = [
  [
    "POST",
    `${W}/subdomain`,
    (request) => {
      const enabled = request.body["enabled"] === true;
      return (scriptOf(request).subdomain = { enabled, previews_enabled: request.body["previews_enabled"] === true });
    },
  ],
  [
    "PUT",
    `${W}/schedules`,
    (request) => ({ schedules: (scriptOf(request).schedules = request.body as unknown as unknown[]) }),
  ],
  ["GET", `${W}/schedules`, (request) => ({ schedules: scriptOf(request).schedules })],
  [
    "POST",
    `${W}/domains/changeset`,
    (request) => {
      const own = scriptOf(request).domains;
      const asked = request.body as unknown as readonly Named[];
      const others = asked.filter(
        ({ hostname }) => ![undefined, param(request, "s")].includes(attachedTo(request, hostname)),
      );
      return {
        added: asked.filter(({ hostname }) => attachedTo(request, hostname) === undefined),
        updated: others.map((one) => ({ ...one, modified: true })),
        removed: own.filter(({ hostname }) => !asked.some((one) => one.hostname === hostname)),
        conflicting: asked.filter(({ hostname }) => request.state.settings.records.includes(hostname)),
      };
    },
  ],
  [
    "PUT",
    `${W}/domains/records`,
    (request) => {
      const origins = request.body["origins"] as readonly Named[];
      for (const { hostname } of origins) {
        if (!request.state.zones.some(({ name }) => hostname === name || hostname.endsWith(`.${name}`)))
          refuse(100117, `Could not find zone for \`${hostname}\`. Make sure the domain is set up to be proxied.`);
        if (request.state.settings.records.includes(hostname) && request.body["override_existing_dns_record"] !== true)
          refuse(100117, `Hostname '${hostname}' already has externally managed DNS records.`);
      }
      return (scriptOf(request).domains = [...origins]);
    },
  ],
];

export const workerRoutes: readonly Route[] = [...account, ...workers, ...secrets, ...assets, ...triggers];
