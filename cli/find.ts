// Finds the command among the arguments. Options may stand before or after it.
import { parseArgs } from "node:util";
import { parseConfig, unknownOption } from "./arguments.ts";
import type { Command, Group } from "./command.ts";
import type { Options } from "./option.ts";
import { COMMANDS } from "./commands/index.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import { UsageError } from "./errors.ts";
import { didYouMean } from "./suggest.ts";

export interface Found {
  /** `["sources", "list"]` */
  readonly path: readonly string[];
  readonly command: Command;
  /** The arguments without the command's name. */
  readonly rest: readonly string[];
}

export const isGroup = (entry: Command | Group): entry is Group => "verbs" in entry;

/** Every command with its path. */
export const allCommands = (): { readonly path: readonly string[]; readonly command: Command }[] =>
  Object.entries(COMMANDS).flatMap(([name, entry]) =>
    isGroup(entry)
      ? Object.entries(entry.verbs).map(([verb, command]) => ({ path: [name, verb], command }))
      : [{ path: [name], command: entry }],
  );

/** Of a command, of all verbs of a group, or of all commands. */
const optionsOf = (entry: Command | Group | undefined): Options =>
  Object.assign(
    {},
    COMMON_OPTIONS,
    ...(entry === undefined
      ? allCommands().map(({ command }) => command)
      : isGroup(entry)
        ? Object.values(entry.verbs)
        : [entry]
    ).map(({ options }) => options),
  ) as Options;

interface Tokens {
  /** The words that are no options and no values of options, with their places. */
  readonly words: readonly { readonly word: string; readonly at: number }[];
  /** An option that no command has: the word after it may be its value. */
  readonly unknown: string | null;
}

/** An option takes a value in all commands or in none, so it may stand before the command's name. */
function tokensOf(argv: readonly string[]): Tokens {
  const options = optionsOf(undefined);
  const { tokens } = parseArgs({
    args: [...argv],
    options: parseConfig(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const unknown = tokens.find((token) => token.kind === "option" && !Object.hasOwn(options, token.name));
  return {
    words: tokens.flatMap((token) => (token.kind === "positional" ? [{ word: token.value, at: token.index }] : [])),
    unknown: unknown?.kind === "option" ? unknown.rawName : null,
  };
}

export const wordsOf = (argv: readonly string[]): string[] => tokensOf(argv).words.map(({ word }) => word);

const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** @returns the entry that a name stands for @throws UsageError if there is none */
export function entryNamed(name: string): Command | Group {
  const entry = own(COMMANDS, name);
  if (entry === undefined)
    throw new UsageError(
      `unknown command: ${name}${didYouMean(name, [...Object.keys(COMMANDS), "help", "--version"])}`,
    );
  return entry;
}

/** @throws UsageError if there is no such command */
export function findCommand(argv: readonly string[]): Found {
  const { words, unknown } = tokensOf(argv);
  const [first, second] = words;
  if (unknown !== null) throw unknownOption(unknown, optionsOf(own(COMMANDS, first?.word ?? "")));
  if (first === undefined) throw new UsageError("a command is missing");
  const entry = entryNamed(first.word);
  const without = (...places: readonly number[]) => argv.filter((_word, at) => !places.includes(at));
  if (!isGroup(entry)) return { path: [first.word], command: entry, rest: without(first.at) };
  const verb = second?.word ?? entry.fallback;
  const command = verb === undefined ? undefined : own(entry.verbs, verb);
  if (verb === undefined || command === undefined) {
    const verbs = Object.keys(entry.verbs);
    const wrong = verb === undefined ? "" : `, not ${verb}${didYouMean(verb, verbs)}`;
    throw new UsageError(`${first.word} expects ${listed(verbs)}${wrong}`);
  }
  return { path: [first.word, verb], command, rest: without(first.at, ...(second === undefined ? [] : [second.at])) };
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
