// `plan`, `apply`, `export`: the configuration as a file.
import { inexactNumbers } from "../../src/kernel/inexact-numbers.ts";
import { SECRET_PLACES } from "../../src/model/secret.ts";
import type { ConfigPlan } from "../client.ts";
import { jsonText, type Command, type Context } from "../command.ts";
import { EXIT, Failure, UsageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { printable, type Colour, type Paint } from "../output.ts";

const SIGNS: Readonly<Record<string, readonly [sign: string, colour: Colour | null]>> = {
  create: ["+", "green"],
  update: ["~", "yellow"],
  delete: ["-", "red"],
};

/** The plan in words, what stays as it is left out. */
function planText({ changes, summary }: ConfigPlan, paint: Paint): string {
  const lines = changes.flatMap(({ action, kind, slug, fields }) => {
    const [sign, colour] = SIGNS[action] ?? ["", null];
    if (sign === "") return [];
    const shown = action === "delete" ? [] : fields;
    return [
      paint(`${sign} ${kind} ${slug}`, colour),
      ...shown.map((field) => printable(`    ${field.pointer}: ${fieldText(field)}`)),
    ];
  });
  const { create, update, delete: gone, unchanged } = summary;
  return [...lines, `${create} to create, ${update} to update, ${gone} to delete, ${unchanged} unchanged.`].join("\n");
}

function fieldText(field: ConfigPlan["changes"][number]["fields"][number]): string {
  const value = (side: unknown): string => (side === undefined ? "(nothing)" : JSON.stringify(side));
  if (field.secret !== true)
    return field.from === undefined ? value(field.to) : `${value(field.from)} -> ${value(field.to)}`;
  const [from, to] = [value(field.from), value(field.to)];
  return from === to ? "(another secret)" : `${from} -> ${to} (secret)`;
}

/**
 * The file as it is to be sent: `{"env": "NAME"}` in place of a secret is that variable's value. What is no JSON, or names a variable
 * that there is not, is a `Failure`.
 */
function readDocument(text: string, env: Io["env"], file: string): string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Failure(`${file} is no JSON: ${error instanceof Error ? error.message : ""}`);
  }
  const missing: string[] = [];
  let changed = false;
  const filled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(filled);
    if (!isObject(value) || Object.keys(value).join() !== "env" || typeof value["env"] !== "string") return value;
    const found = env[value["env"]];
    changed = true;
    if (!found) missing.push(value["env"]);
    return found;
  };
  for (const [kind, parts] of Object.entries(SECRET_PLACES)) {
    const items = isObject(document) ? document[kind] : null;
    for (const item of Array.isArray(items) ? (items as unknown[]) : [])
      for (const [part, fields] of Object.entries(parts)) {
        const place = isObject(item) ? item[part] : null;
        if (isObject(place)) for (const field of fields) if (field in place) place[field] = filled(place[field]);
      }
  }
  if (missing.length > 0)
    throw new Failure(`${file} names variables that are not set: ${[...new Set(missing)].join(", ")}`);
  // Untouched, it goes as it was written: numbers too large for JavaScript would be rounded, and Sluice could not tell any more.
  const [inexact] = changed ? inexactNumbers(text) : [];
  if (inexact !== undefined) throw new Failure(`${file}: ${inexact} cannot be kept exactly`);
  return changed ? JSON.stringify(document) : text;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

async function documentOf({ io }: Context, file: string): Promise<string> {
  const bytes = file === "-" ? await io.readInput() : await io.readFile(file).catch(() => null);
  if (bytes === null) throw new Failure(`${file} cannot be read`);
  return readDocument(new TextDecoder().decode(bytes), io.env, file);
}

const pending = ({ summary }: ConfigPlan): boolean => summary.create + summary.update + summary.delete > 0;

export const plan: Command = {
  summary: "Say what applying a configuration file would change",
  usage: ["plan FILE"],
  flags: [
    ["--prune", "count what the file does not name as deleted"],
    ["--exit-code", "end with 3 when there is something to change"],
  ],
  options: { prune: { type: "boolean" }, "exit-code": { type: "boolean" } },
  async run(context, args) {
    const document = await documentOf(context, args.only("FILE"));
    const { plan } = await context.client.putConfig(document, { dryRun: true, prune: args.flag("prune") });
    context.say(context.json ? jsonText(plan) : planText(plan, context.paint));
    return args.flag("exit-code") && pending(plan) ? EXIT.attention : EXIT.ok;
  },
};

export const apply: Command = {
  summary: "Apply a configuration file, all of it or nothing",
  usage: ["apply FILE"],
  flags: [
    ["--prune", "delete what the file does not name"],
    ["--yes", "do not ask"],
  ],
  options: { prune: { type: "boolean" }, yes: { type: "boolean", short: "y" } },
  async run(context, args) {
    const file = args.only("FILE");
    const asks = !args.flag("yes");
    if (asks && (context.json || file === "-" || !context.io.interactive))
      throw new UsageError("--yes is needed where nobody can be asked");
    const [document, prune] = [await documentOf(context, file), args.flag("prune")];
    const planned = await context.client.putConfig(document, { dryRun: true, prune });
    if (!context.json) context.say(planText(planned.plan, context.paint));
    if (!pending(planned.plan)) {
      if (context.json) context.say(jsonText({ ...planned.plan, dry_run: false }));
      return EXIT.ok;
    }
    if (asks && !/^y(es)?$/i.test((await context.io.ask("Apply these changes? [y/N] ")).trim())) {
      context.note("Nothing has changed.");
      return EXIT.failed;
    }
    const { plan } = await context.client.putConfig(document, { dryRun: false, prune, ifMatch: planned.etag });
    if (context.json) context.say(jsonText(plan));
    else {
      context.say("Applied.");
      for (const { destination, secrets } of plan.signing_secrets ?? [])
        context.say(`${destination} signs with ${secrets.join(", ")} (shown this once)`);
    }
    return EXIT.ok;
  },
};

export const exportConfig: Command = {
  summary: "Write the configuration as a file, or to the terminal",
  usage: ["export [FILE]"],
  flags: [],
  options: {},
  async run({ client, io, say, note }, args) {
    const file = args.positionals.length === 0 ? "-" : args.only("FILE");
    const document = await client.exportConfig();
    if (file === "-") say(jsonText(document));
    else {
      await io.writeFile(file, `${jsonText(document)}\n`).catch((error: unknown) => {
        throw new Failure(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
      });
      const { sources, destinations, connections } = document;
      note(
        `${file}: ${sources.length} sources, ${destinations.length} destinations, ${connections.length} connections.`,
      );
    }
    return EXIT.ok;
  },
};
