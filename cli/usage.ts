// The text of the help.
import type { Command, Group } from "./command.ts";
import type { Options } from "./option.ts";
import { COMMANDS } from "./commands/index.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import { isGroup } from "./find.ts";
import { wrapped } from "./output.ts";

const MIN_TEXT = 30;

/** @param width of the terminal; null if it has none */
function columns(rows: readonly (readonly [string, string])[], width: number | null): string {
  const left = Math.max(...rows.map(([label]) => label.length));
  const room = width === null ? Infinity : Math.max(MIN_TEXT, width - left - 4);
  return rows
    .map(([label, text]) => `  ${label.padEnd(left)}  ${wrapped(text, room).join(`\n${" ".repeat(left + 4)}`)}`)
    .join("\n");
}

const optionRows = (options: Options): (readonly [string, string])[] =>
  Object.entries(options).map(([name, { value, short, help, multiple }]) => [
    `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`,
    multiple === true ? `${help}; can be repeated` : help,
  ]);

export const usage = (width: number | null): string => `sluice: the command line of Sluice

Usage: sluice COMMAND [options]

${columns(
  Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary]),
  width,
)}

Options of every command:
${columns(optionRows(COMMON_OPTIONS), width)}

Exit codes: 0 success, 1 failure, 2 wrong usage, 3 changes or problems (--exit-code).
Run sluice help COMMAND for its options. Options may stand before or after the command. sluice --version prints the version.
`;

const formsOf = (name: string, { forms = [""] }: Command): string[] =>
  forms.map((form) => `  sluice ${name}${form === "" ? "" : ` ${form}`} [options]`);

/** @param name of the command, or of the group */
export function commandHelp(name: string, entry: Command | Group, width: number | null): string {
  const commands: readonly (readonly [string, Command])[] = isGroup(entry)
    ? Object.entries(entry.verbs).map(([verb, command]) => [
        `${name} ${verb === entry.fallback ? `[${verb}]` : verb}`,
        command,
      ])
    : [[name, entry]];
  const verbs = isGroup(entry)
    ? `\n${columns(
        commands.map(([path, { summary }]) => [path, summary]),
        width,
      )}\n`
    : "";
  const options = commands
    .filter(([, command]) => command.options !== undefined)
    .map(
      ([path, command]) =>
        `Options${isGroup(entry) ? ` of ${path.replace(/[[\]]/g, "")}` : ""}:\n${columns(optionRows(command.options ?? {}), width)}\n\n`,
    );
  return `${entry.summary}
${verbs}
Usage:
${commands.flatMap(([path, command]) => formsOf(path, command)).join("\n")}

${options.join("")}Options of every command:
${columns(optionRows(COMMON_OPTIONS), width)}
`;
}
