// `plan`, `apply`, `export`: the configuration as a file.
import { inexactNumbers } from "../../src/kernel/inexact-numbers.ts";
import type { ConfigPlan } from "../client.ts";
import { jsonText, type Command, type Context, type Group } from "../command.ts";
import { parseJson } from "../data.ts";
import { EXIT, Failure, UsageError } from "../errors.ts";
import type { Io } from "../io.ts";
import { counted, printable, type Colour, type Paint } from "../output.ts";
import { fillSecrets } from "../secrets.ts";

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
  const document = parseJson(text, file);
  // Without replacements, the text is sent unchanged, because parsing would round numbers that are too large for JavaScript.
  if (!fillSecrets(document, env, file)) return text;
  const [inexact] = inexactNumbers(text);
  if (inexact !== undefined) throw new Failure(`${file}: the number at ${inexact} cannot be represented exactly`);
  return JSON.stringify(document);
}

async function loadDocument({ io }: Context, file: string): Promise<string> {
  const bytes = file === "-" ? await io.readInput() : await io.readFile(file).catch(() => null);
  if (bytes === null) throw new Failure(`${file} cannot be read`);
  return readDocument(new TextDecoder().decode(bytes), io.env, file);
}

const pending = ({ summary }: ConfigPlan): boolean => summary.create + summary.update + summary.delete > 0;

const PRUNE = { help: "also delete records that are not in the file" };

export const plan: Command = {
  summary: "Show what applying a configuration file would change",
  forms: ["FILE"],
  options: { prune: PRUNE, "exit-code": { help: "exit with 3 if there are changes" } },
  async run(context, args) {
    const document = await loadDocument(context, args.only("FILE"));
    const { plan } = await context.client.putConfig(document, { dryRun: true, prune: args.flag("prune") });
    context.say(context.json ? jsonText(plan) : planText(plan, context.paint));
    return args.flag("exit-code") && pending(plan) ? EXIT.attention : EXIT.ok;
  },
};

export const apply: Command = {
  summary: "Apply a configuration file, completely or not at all",
  forms: ["FILE"],
  options: { prune: PRUNE, yes: { short: "y", help: "do not ask for confirmation" } },
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
  forms: ["[FILE]"],
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

export const config: Group = {
  summary: "The same three: config plan, config apply, config export",
  verbs: { plan, apply, export: exportConfig },
};
