// Parses a command's arguments. Every error is a `UsageError` that names the option.
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { UsageError } from "./errors.ts";

/** Accepted by every command. */
const COMMON_OPTIONS = {
  url: { type: "string" },
  token: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export class Args {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];

  constructor(argv: readonly string[], options: ParseArgsOptionsConfig) {
    try {
      const parsed = parseArgs({
        args: [...argv],
        options: { ...options, ...COMMON_OPTIONS },
        allowPositionals: true,
        strict: true,
      });
      this.#values = parsed.values;
      this.positionals = parsed.positionals;
    } catch (error) {
      throw new UsageError(error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error));
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
