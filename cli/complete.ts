// The words that may come next, for the completion of a shell: `word<TAB>meaning`, one a line.
import type { Command } from "./command.ts";
import type { Options } from "./option.ts";
import { COMMANDS } from "./commands/index.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import { allCommands, isGroup, wordsOf } from "./find.ts";

/** The hidden command that the shells' scripts call. */
export const COMPLETE = "__complete";

const described = (table: Readonly<Record<string, { readonly summary: string }>>): string[] =>
  Object.entries(table).map(([name, { summary }]) => `${name}\t${summary}`);

/** @param words after the program's name; the last one is being typed, and may be empty */
export function complete(words: readonly string[]): string[] {
  // Bash makes words of their own of the signs `=`.
  const typed = words.filter((word, at) => word !== "=" || at === words.length - 1);
  const [before, current = ""] = [typed.slice(0, -1), typed.at(-1) === "=" ? "" : typed.at(-1)];
  const [first, second] = wordsOf(before);
  const entry = first === undefined || !Object.hasOwn(COMMANDS, first) ? undefined : COMMANDS[first];
  const fallback = entry !== undefined && isGroup(entry) ? entry.fallback : undefined;
  const command = commandAt(first, second ?? fallback);
  const options: Options = { ...command?.options, ...COMMON_OPTIONS };

  const last = before.at(-1) ?? "";
  const option = last.startsWith("--") ? options[last.slice(2)] : undefined;
  if (option?.value !== undefined) return matching([...(option.choices ?? [])], current);
  if (current.startsWith("-"))
    return matching(
      Object.entries(options).map(([name, { help }]) => `--${name}\t${help}`),
      current,
    );
  if (first === undefined || (first === "help" && second === undefined))
    return matching([...described(COMMANDS), ...(first === undefined ? ["help\tShow the help"] : [])], current);
  if (entry !== undefined && isGroup(entry) && second === undefined) return matching(described(entry.verbs), current);
  return [];
}

const matching = (lines: readonly string[], current: string): string[] =>
  lines.filter((line) => line.startsWith(current));

const commandAt = (...[first, verb]: readonly (string | undefined)[]): Command | undefined =>
  allCommands().find(({ path }) => path[0] === first && (path.length === 1 || path[1] === verb))?.command;
