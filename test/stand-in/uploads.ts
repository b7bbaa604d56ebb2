// A Worker's upload: what Cloudflare refuses in it, and the version that it makes.
import { randomUUID } from "node:crypto";
import { present, refuse } from "./refusal.ts";
import { param, type Request } from "./routes.ts";
import { instant, newScript, type Binding, type Script, type State, type Version } from "./state.ts";

interface Step {
  readonly new_sqlite_classes?: readonly string[];
  readonly new_classes?: readonly string[];
}

interface Metadata {
  readonly bindings?: readonly Binding[];
  readonly limits?: { readonly cpu_ms?: number };
  readonly migrations?: { readonly old_tag?: string; readonly new_tag?: string; readonly steps: readonly Step[] };
  readonly compatibility_date: string;
  readonly annotations?: unknown;
}

const classesOf = ({ new_sqlite_classes = [], new_classes = [] }: Step): readonly string[] => [
  ...new_sqlite_classes,
  ...new_classes,
];

/** Whether what a binding names exists. */
function checkBinding(state: State, name: string, binding: Binding, migrations: Metadata["migrations"]): void {
  const { type } = binding;
  if (type === "queue" && !Object.values(state.queues).some((queue) => queue.name === binding["queue_name"]))
    refuse(100100, `Queue "${String(binding["queue_name"])}" does not exist`);
  if (type === "d1" && state.d1[String(binding["id"])] === undefined)
    refuse(10021, `binding ${binding.name} of type d1 must have a valid \`id\` specified`);
  if (type === "kv_namespace" && state.kv[String(binding["namespace_id"])] === undefined)
    refuse(10041, `KV namespace '${String(binding["namespace_id"])}' not found.`);
  if (type === "r2_bucket" && state.r2[String(binding["bucket_name"])] === undefined)
    refuse(10085, `R2 bucket '${String(binding["bucket_name"])}' not found.`);
  if (type !== "durable_object_namespace") return;
  const made = migrations?.steps.some((step) => classesOf(step).includes(String(binding["class_name"])));
  if (made !== true && !state.objects.has(`${name}_${String(binding["class_name"])}`))
    refuse(10061, `Cannot create binding for class ${String(binding["class_name"])} that has no migration`);
}

function check(state: State, name: string, metadata: Metadata): void {
  const { limits, migrations, compatibility_date, bindings = [] } = metadata;
  if (state.settings.plan === "free" && limits?.cpu_ms !== undefined)
    refuse(100328, "CPU limits are not supported for the Free plan. Switch to a paid plan."); // workers-sdk#8756
  if (compatibility_date > instant().slice(0, 10))
    refuse(10021, `Can't set compatibility date in the future: "${compatibility_date}".`);
  const before = state.scripts[name];
  for (const binding of bindings) {
    const inherited =
      before?.versions.at(-1)?.bindings.some((old) => old.name === binding.name) === true ||
      binding.name in (before?.secrets ?? {});
    if (binding.type === "inherit" && !inherited)
      refuse(10057, `inherit binding '${binding.name}' is invalid: previous version has no such binding`);
    checkBinding(state, name, binding, migrations);
  }
  if (migrations !== undefined && before?.migration_tag !== migrations.old_tag) refuse(10079, "migration tag mismatch");
}

/** Takes a version in. Secrets that are not in the upload stay as they are. @param alone not deployed by the same request */
export async function upload(
  request: Request,
  alone = false,
): Promise<{ readonly script: Script; readonly version: Version }> {
  const { state } = request;
  const name = param(request, "s");
  const part = (await request.form()).get("metadata");
  const metadata = JSON.parse(typeof part === "string" ? part : await (part as Blob).text()) as Metadata;
  check(state, name, metadata);
  if (alone && metadata.migrations !== undefined)
    refuse(10211, 'Migrations must be fully applied by running "wrangler deploy".');
  const script = (state.scripts[name] ??= newScript());
  const before = script.versions.at(-1)?.bindings ?? [];
  const bindings = (metadata.bindings ?? []).flatMap((binding) =>
    binding.type === "inherit" ? before.filter((old) => old.name === binding.name) : [binding],
  );
  for (const binding of bindings)
    if (binding.type === "secret_text") script.secrets[binding.name] = String(binding["text"]);
  for (const step of metadata.migrations?.steps ?? [])
    for (const one of classesOf(step)) state.objects.add(`${name}_${one}`);
  script.migration_tag = metadata.migrations?.new_tag ?? script.migration_tag;
  const version: Version = {
    id: randomUUID(),
    created_on: instant(),
    bindings: bindings.filter(({ type }) => type !== "secret_text"),
    limits: metadata.limits,
    annotations: metadata.annotations,
  };
  script.versions.push(version);
  return { script, version };
}

export function deployVersions(script: Script, versions: unknown) {
  const deployment = { id: randomUUID(), created_on: instant(), source: "api", strategy: "percentage", versions };
  script.deployments.unshift(deployment);
  return deployment;
}

export const scriptOf = (request: Request): Script =>
  present(request.state.scripts[param(request, "s")], 10007, "This Worker does not exist on your account.");
