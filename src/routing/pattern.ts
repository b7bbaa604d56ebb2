// Regular expressions of users, by RE2: matching takes time in proportion to the text, whatever the pattern.
// https://github.com/google/re2/wiki/Syntax: no backreferences and no look-around.
import { RE2JS } from "re2js";
import { MAX_PATTERN_LENGTH, MAX_PATTERN_PROGRAM } from "../config/limits.ts";
import { err, ok, type Result } from "../kernel/result.ts";

/** Fails with what is wrong, in words. */
export function compilePattern(source: string): Result<RE2JS, string> {
  if (source.length > MAX_PATTERN_LENGTH) return err(`must have at most ${MAX_PATTERN_LENGTH} characters`);
  try {
    const pattern = RE2JS.compile(source);
    if (pattern.programSize() > MAX_PATTERN_PROGRAM) return err("is too complex: repeat less within repetitions");
    return ok(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, "") : "";
    return err(`is no regular expression (RE2 syntax): ${reason}`);
  }
}
