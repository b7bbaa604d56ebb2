// Finds and runs the command, and prints all errors in one place. Never prints the token.
import { Args } from "./arguments.ts";
import { Client } from "./client.ts";
import type { Command, Context } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { EXIT, Failure, Refusal, UsageError, type ProblemAnswer } from "./errors.ts";
import type { Io } from "./io.ts";
import { painter, printable } from "./output.ts";
import { readSettings } from "./settings.ts";
import { usage, commandHelp } from "./usage.ts";

/** @param argv without program and script @returns the exit code */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv;
  const line = (text: string): void => void io.out.write(`${text}\n`);
  if (name === undefined || name === "--help" || name === "-h" || name === "help") return help(rest[0], line, io);
  const command = commandNamed(name);
  if (command === null) return wrong(io, `unknown command: ${name}`, "sluice help");
  const json = rest.includes("--json");
  try {
    const args = new Args(rest, command.options);
    if (args.flag("help")) {
      line(commandHelp(command));
      return EXIT.ok;
    }
    const settings = await readSettings({ url: args.text("url"), token: args.text("token") }, io);
    const context: Context = {
      io,
      client: new Client(settings, io.fetch),
      json,
      paint: painter(io.out, io.env),
      say: line,
      note: (text) => void (json || io.err.write(`${text}\n`)),
    };
    return await command.run(context, args);
  } catch (error) {
    if (error instanceof UsageError) return wrong(io, error.message, `sluice help ${name}`);
    if (error instanceof Refusal) {
      io.err.write(`${json ? JSON.stringify(error.problem) : refusalText(error.problem)}\n`);
      return EXIT.failed;
    }
    if (!(error instanceof Failure)) throw error;
    io.err.write(`${json ? JSON.stringify({ detail: error.message }) : `sluice: ${printable(error.message)}`}\n`);
    return EXIT.failed;
  }
}

const commandNamed = (name: string): Command | null =>
  Object.hasOwn(COMMANDS, name) ? (COMMANDS[name] ?? null) : null;

function help(name: string | undefined, line: (text: string) => void, io: Io): number {
  const command = name === undefined ? null : commandNamed(name);
  if (name !== undefined && command === null) return wrong(io, `unknown command: ${name}`, "sluice help");
  line(command === null ? usage() : commandHelp(command));
  return EXIT.ok;
}

function wrong(io: Io, message: string, hint: string): number {
  io.err.write(`sluice: ${printable(message)}\nTry: ${hint}\n`);
  return EXIT.usage;
}

/** A problem as text, with each invalid field. */
function refusalText({ status, title, detail, code, errors, request_id }: ProblemAnswer): string {
  const head = `sluice: ${title ?? "refused"} (${[status, code].filter((part) => part !== undefined).join(" ")})`;
  const lines =
    errors !== undefined && errors.length > 0
      ? errors.map((error) => `  ${error.pointer} ${error.detail}`)
      : detail === undefined || detail === title
        ? []
        : [`  ${detail}`];
  return [head, ...lines, ...(status >= 500 && request_id !== undefined ? [`  request ${request_id}`] : [])]
    .map(printable)
    .join("\n");
}
