// `plan`, `apply`, `export`: the configuration as a file.
import { inexactNumbers } from "../../src/kernel/inexact-numbers.ts";
import { SECRET_PLACES } from "../../src/model/secret.ts";
import type { ConfigPlan } from "../client.ts";
import { jsonText, type Command, type Context } from "../command.ts";
import { EXIT, Failure, UsageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { counted, printable, type Colour, type Paint } from "../output.ts";

const SIGNS: Readonly<Record<string, readonly [sign: string, colour: Colour | null]>> = {
  create: ["+", "green"],
  update: ["~", "yellow"],
  delete: ["-", "red"],
};

/** The plan as text, without unchanged records. */
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
 * The file's JSON text, with each `{"env": "NAME"}` in place of a secret replaced by that variable's value.
 * @throws Failure if it is not JSON or a variable is not set
 */
function readDocument(text: string, env: Io["env"], file: string): string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Failure(`${file} is not valid JSON: ${error instanceof Error ? error.message : ""}`);
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
    throw new Failure(`${file} refers to environment variables that are not set: ${[...new Set(missing)].join(", ")}`);
  // Without replacements, the text is sent unchanged, because parsing would round numbers that are too large for JavaScript.
  const [inexact] = changed ? inexactNumbers(text) : [];
  if (inexact !== undefined) throw new Failure(`${file}: the number at ${inexact} cannot be represented exactly`);
  return changed ? JSON.stringify(document) : text;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

async function loadDocument({ io }: Context, file: string): Promise<string> {
  const bytes = file === "-" ? await io.readInput() : await io.readFile(file).catch(() => null);
  if (bytes === null) throw new Failure(`${file} cannot be read`);
  return readDocument(new TextDecoder().decode(bytes), io.env, file);
}

const pending = ({ summary }: ConfigPlan): boolean => summary.create + summary.update + summary.delete > 0;

export const plan: Command = {
  summary: "Show what applying a configuration file would change",
  usage: ["plan FILE"],
  flags: [
    ["--prune", "also delete records that are not in the file"],
    ["--exit-code", "exit with 3 if there are changes"],
  ],
  options: { prune: { type: "boolean" }, "exit-code": { type: "boolean" } },
  async run(context, args) {
    const document = await loadDocument(context, args.only("FILE"));
    const { plan } = await context.client.putConfig(document, { dryRun: true, prune: args.flag("prune") });
    context.say(context.json ? jsonText(plan) : planText(plan, context.paint));
    return args.flag("exit-code") && pending(plan) ? EXIT.attention : EXIT.ok;
  },
};

export const apply: Command = {
  summary: "Apply a configuration file, completely or not at all",
  usage: ["apply FILE"],
  flags: [
    ["--prune", "also delete records that are not in the file"],
    ["--yes", "do not ask for confirmation"],
  ],
  options: { prune: { type: "boolean" }, yes: { type: "boolean", short: "y" } },
  async run(context, args) {
    const file = args.only("FILE");
    const asks = !args.flag("yes");
    if (asks && (context.json || file === "-" || !context.io.interactive))
      throw new UsageError(
        "--yes is required without a terminal, with --json, or when the file is read from standard input",
      );
    const [document, prune] = [await loadDocument(context, file), args.flag("prune")];
    const planned = await context.client.putConfig(document, { dryRun: true, prune });
    if (!context.json) context.say(planText(planned.plan, context.paint));
    if (!pending(planned.plan)) {
      if (context.json) context.say(jsonText({ ...planned.plan, dry_run: false }));
      return EXIT.ok;
    }
    if (asks && !/^y(es)?$/i.test((await context.io.ask("Apply these changes? [y/N] ")).trim())) {
      context.note("Nothing was changed.");
      return EXIT.failed;
    }
    const { plan } = await context.client.putConfig(document, { dryRun: false, prune, ifMatch: planned.etag });
    if (context.json) context.say(jsonText(plan));
    else {
      context.say("Applied.");
      for (const { destination, secrets } of plan.signing_secrets ?? [])
        context.say(`${destination} signing secret: ${secrets.join(", ")} (shown only once)`);
      for (const destination of plan.signing_secrets_withheld ?? [])
        context.say(`${destination} signing secret: shown to admins only; an admin can rotate it`);
    }
    return EXIT.ok;
  },
};

export const exportConfig: Command = {
  summary: "Write the configuration to a file, or to standard output",
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
        `${file}: ${counted(sources.length, "source")}, ${counted(destinations.length, "destination")}, ${counted(connections.length, "connection")}.`,
      );
    }
    return EXIT.ok;
  },
};
