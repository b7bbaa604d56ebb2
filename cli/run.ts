// Finds and runs the command, and prints all errors in one place. Never prints the token.
import { Args } from "./arguments.ts";
import { Client } from "./client.ts";
import type { LocalContext } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { COMPLETE, complete } from "./complete.ts";
import { EXIT, Failure, Refusal, UsageError, type ProblemAnswer } from "./errors.ts";
import { entryNamed, findCommand, isGroup, wordsOf } from "./find.ts";
import type { Io } from "./io.ts";
import { painter, printable, widthOf } from "./output.ts";
import { readSettings } from "./settings.ts";
import { commandHelp, usage } from "./usage.ts";

/** @param argv without program and script @returns the exit code */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const say = (text: string): void => void io.out.write(`${text}\n`);
  if (argv[0] === COMPLETE) {
    for (const line of complete(argv.slice(1))) say(line);
    return EXIT.ok;
  }
  const options = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length);
  const has = (...names: readonly string[]): boolean => names.some((name) => options.includes(name));
  const json = has("--json");
  const words = wordsOf(argv);
  let hint = "sluice help";
  try {
    if (words.length === 0 && has("--version", "-v")) {
      say(io.version());
      return EXIT.ok;
    }
    if (words[0] === "help" || has("--help", "-h") || argv.length === 0) {
      say(help(words[0] === "help" ? words.slice(1) : words, widthOf(io.out, io.env)));
      return EXIT.ok;
    }
    if (words[0] !== undefined && Object.hasOwn(COMMANDS, words[0])) hint = `sluice help ${words[0]}`;
    const { path, command, rest } = findCommand(argv);
    hint = `sluice help ${path.join(" ")}`;
    const args = new Args(rest, command.options ?? {});
    if (command.forms === undefined) args.none();
    const paint = painter(io.out, io.env);
    const context: LocalContext = {
      io,
      json,
      paint,
      look: { paint, width: widthOf(io.out, io.env), now: io.now() },
      say,
      note: (text) => void (json || io.err.write(`${text}\n`)),
    };
    if ("local" in command) return await command.local(context, args);
    const settings = await readSettings(
      { url: args.text("url"), token: args.text("token"), profile: args.text("profile") },
      io,
      context.note,
    );
    return await command.run({ ...context, settings, client: new Client(settings, io.fetch, io.openSocket) }, args);
  } catch (error) {
    if (error instanceof UsageError) {
      io.err.write(`sluice: ${printable(error.message)}\nTry: ${hint}\n`);
      return EXIT.usage;
    }
    if (error instanceof Refusal) {
      io.err.write(`${json ? JSON.stringify(error.problem) : refusalText(error.problem)}\n`);
      return EXIT.failed;
    }
    if (!(error instanceof Failure)) throw error;
    io.err.write(`${json ? JSON.stringify({ detail: error.message }) : `sluice: ${printable(error.message)}`}\n`);
    return EXIT.failed;
  }
}

/** @throws UsageError if there is no such command */
function help([name, verb]: readonly string[], width: number | null): string {
  if (name === undefined) return usage(width);
  const entry = entryNamed(name);
  const command = isGroup(entry) && verb !== undefined ? findCommand([name, verb]).command : entry;
  return commandHelp(command === entry ? name : `${name} ${verb ?? ""}`, command, width);
}

/** The option that stands for a query parameter; a field of the body as it is. */
const optionOf = (pointer: string): string => {
  const name = /^\/query\/([a-z_]+)$/.exec(pointer)?.[1];
  return name === undefined ? pointer : `--${name.replaceAll("_", "-")}`;
};

/** A problem as text, with each invalid field. */
function refusalText({ status, title, detail, code, errors, request_id }: ProblemAnswer): string {
  const head = `sluice: ${title ?? "refused"} (${[status, code].filter((part) => part !== undefined).join(" ")})`;
  const lines =
    errors !== undefined && errors.length > 0
      ? errors.map(({ pointer, detail: wrong }) => `  ${optionOf(pointer)} ${wrong}`)
      : detail === undefined || detail === title
        ? []
        : [`  ${detail}`];
  return [head, ...lines, ...(status >= 500 && request_id !== undefined ? [`  request ${request_id}`] : [])]
    .map(printable)
    .join("\n");
}
