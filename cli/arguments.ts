// Parses a command's arguments. Every error is a `UsageError` that names the option.
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { COMMON_OPTIONS } from "./common-options.ts";
import { UsageError } from "./errors.ts";
import type { Options } from "./option.ts";
import { didYouMean } from "./suggest.ts";

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const parseConfig = (options: Options): ParseArgsOptionsConfig =>
  Object.fromEntries(
    Object.entries(options).map(([name, { value, short, multiple = false }]) => [
      name,
      {
        type: value === undefined ? ("boolean" as const) : ("string" as const),
        multiple,
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );

export class Args {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];

  /** @param argv without the command's name */
  constructor(argv: readonly string[], options: Options) {
    const known = { ...options, ...COMMON_OPTIONS };
    try {
      const parsed = parseArgs({
        args: [...argv],
        options: parseConfig(known),
        allowPositionals: true,
        strict: true,
      });
      this.#values = parsed.values;
      this.positionals = parsed.positionals;
    } catch (error) {
      throw misuse(error instanceof Error ? error.message : String(error), known);
    }
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  list(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** A whole number. */
  count(name: string, least: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^\d{1,15}$/.test(text) || Number(text) < least)
      throw new UsageError(`--${name} must be a whole number of at least ${least}`);
    return Number(text);
  }

  /** A number above zero. */
  amount(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^\d{1,9}(\.\d{1,9})?$/.test(text) || Number(text) === 0)
      throw new UsageError(`--${name} must be a number above 0`);
    return Number(text);
  }

  /** `90s`, `15m`, `2h`, `7d`, in milliseconds. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const ms = parseDuration(text);
    if (ms === null) throw new UsageError(`--${name} must be a duration such as 90s, 15m, 2h or 7d`);
    return ms;
  }

  /** A time, given as RFC 3339, as a date (UTC) or as an age, in the API's format. */
  instant(name: string, now: number): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const ago = parseDuration(text);
    const ms = ago !== null ? now - ago : INSTANT.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isFinite(ms))
      throw new UsageError(`--${name} must be a time such as 2026-01-31T12:00:00Z, or an age such as 2h`);
    return new Date(ms).toISOString();
  }

  /** No positional argument. */
  none(): void {
    const [word] = this.positionals;
    if (word !== undefined) throw new UsageError(`unexpected argument: ${word}`);
  }

  /** Exactly one positional argument. @param what its name in the usage */
  only(what: string): string {
    const [word, more] = this.positionals;
    if (word === undefined) throw new UsageError(`${what} is missing`);
    if (more !== undefined) throw new UsageError(`unexpected argument: ${more}`);
    return word;
  }
}

/** A time needs its zone: without one it means a different instant on each machine. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/i;

function parseDuration(text: string): number | null {
  const [, digits, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return digits === undefined ? null : Number(digits) * (UNIT_MS[unit] ?? 0);
}

/** @param name with its dashes */
export function unknownOption(name: string, known: Options): UsageError {
  const names = Object.keys(known).map((option) => `--${option}`);
  return new UsageError(`unknown option: ${name}${name.startsWith("--") ? didYouMean(name, names) : ""}`);
}

/** Node's message in the words of this program. */
function misuse(message: string, known: Options): UsageError {
  const [, name = ""] = /'(?:-\w, )?(--?[\w-]+)/.exec(message) ?? [];
  if (message.startsWith("Unknown option")) return unknownOption(name, known);
  if (/argument missing/.test(message)) return new UsageError(`${name} needs a value`);
  if (/ambiguous/.test(message))
    return new UsageError(`${name} needs a value; write ${name}=VALUE if it begins with -`);
  if (/does not take/.test(message)) return new UsageError(`${name} takes no value`);
  return new UsageError(message.split(". ")[0] ?? message);
}
