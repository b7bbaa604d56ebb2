// Regular expressions of users, run by RE2: matching takes at most time proportional to text × pattern.
// https://github.com/google/re2/wiki/Syntax: no backreferences and no look-around.
import { RE2JS } from "re2js";
import { MAX_PATTERN_LENGTH } from "../config/limits.ts";
import { err, ok, type Result } from "../kernel/result.ts";

export interface Found {
  readonly index: number;
  /** The match itself and its groups; null for a group that did not take part. */
  readonly groups: readonly (string | null)[];
}

export class Pattern {
  readonly #compiled: RE2JS;
  /** The number of instructions of the compiled pattern. */
  readonly size: number;

  constructor(compiled: RE2JS) {
    this.#compiled = compiled;
    this.size = compiled.programSize();
  }

  /** Takes at most `text.length × size` steps. Does not use RE2JS's `test`, which keeps an automaton of up to 8 MB for each pattern. */
  matches(text: string): boolean {
    return this.#compiled.matcher(text).find();
  }

  /**
   * The first match at or after `from`.
   * @param read called before characters are read, with their number; may throw to end the search
   */
  search(text: string, from: number, read: (characters: number) => void): Found | null {
    const matcher = this.#compiled.matcher(new MeteredText(text, read) as unknown as string);
    if (!matcher.find(from)) return null;
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index));
    return { index: matcher.start(), groups };
  }
}

/** The part of a string's interface that RE2JS uses, with a count of the characters read. */
class MeteredText {
  /** RE2JS recognizes a string by this tag. */
  readonly [Symbol.toStringTag] = "String";
  readonly text: string;
  readonly length: number;
  readonly read: (characters: number) => void;

  constructor(text: string, read: (characters: number) => void) {
    this.text = text;
    this.length = text.length;
    this.read = read;
  }

  charCodeAt(at: number): number {
    this.read(1);
    return this.text.charCodeAt(at);
  }

  indexOf(wanted: string, from: number): number {
    const found = this.text.indexOf(wanted, from);
    this.read(((found < 0 ? this.length : found) - from) >> 4);
    return found;
  }

  substring(from: number, to: number): string {
    return this.text.substring(from, to);
  }
}

/**
 * Fails with a message for the user.
 * @param most the largest number of instructions
 */
export function compilePattern(source: string | RegExp, most: number): Result<Pattern, string> {
  const text = typeof source === "string" ? source : RE2JS.translateRegExp(source);
  if (text.length > MAX_PATTERN_LENGTH) return err(`must have at most ${MAX_PATTERN_LENGTH} characters`);
  const tooComplex = err(`is too complex: all patterns together may have ${most} instructions; repeat less`);
  // Checked before compiling, which takes memory for each instruction. An estimate, hence the margin.
  if (unrolled(text) > 4 * most) return tooComplex;
  try {
    const pattern = new Pattern(RE2JS.compile(text));
    return pattern.size > most ? tooComplex : ok(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : "";
    return err(`is not a regular expression (RE2 syntax): ${reason}`);
  }
}

const TOKEN = /\\Q[^]*?(?:\\E|$)|\\[^]|\[\^?\]?(?:\\[^]|[^\]\\])*\]?|\{(\d+)(?:,(\d*))?\}|[^]/g;

/** The number of characters to match when every `{n,m}` is written out. */
function unrolled(pattern: string): number {
  const outer: { readonly sum: number }[] = [];
  let sum = 0;
  let last = 0;
  for (const [token, least, most] of pattern.matchAll(TOKEN)) {
    if (token === "(") {
      outer.push({ sum: sum + last });
      sum = last = 0;
    } else if (token === ")") {
      last += sum;
      sum = outer.pop()?.sum ?? 0;
    } else if (least !== undefined) {
      last *= Math.max(1, Number(least), Number(most ?? 0));
    } else {
      sum += last;
      last = token.startsWith("\\Q") ? token.length : 1;
    }
  }
  return outer.reduce((total, group) => total + group.sum, sum + last);
}
