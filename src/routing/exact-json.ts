// JSON without silent rounding: whole numbers beyond 2^53 are parsed as bigint and written with the same digits.

/** ES2025, in V8 since 11.4; not yet in TypeScript's library. */
const json = JSON as unknown as { rawJSON(text: string): unknown };

const LONG_NUMBER = /[0-9]{16}/;
/** Converting longer numbers takes long, and real data does not contain them. */
const MAX_DIGITS = 400;
/** While the text is parsed, a long number is a string that begins with a character which does not occur in the text. */
const MARKS = ["\u0001", "\u0002", "\u0003"];

/** Throws SyntaxError, or RangeError if a long number cannot be represented. */
export function parseExact(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as unknown;
  const mark = MARKS.find((one) => !text.includes(escaped(one)));
  if (mark === undefined) throw new RangeError("no mark is free");
  const marked = markLongNumbers(text, escaped(mark));
  const value = JSON.parse(marked ?? text) as unknown;
  return marked === null ? value : unmark(value, mark);
}

/** The JSON escape of a control character. */
const escaped = (mark: string): string => `\\u000${mark.charCodeAt(0)}`;

/**
 * Replaces whole numbers beyond 2^53 by marked strings of their digits; null when there are none. `JSON.parse` with a reviver would take
 * five times the memory and twenty times the time.
 */
function markLongNumbers(text: string, mark: string): string | null {
  let out = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charAt(at);
    if (unit === '"') at = endOfString(text, at);
    if (unit !== "-" && !isDigit(unit)) continue;
    let end = at + 1;
    while (end < text.length && isInNumber(text.charAt(end))) end += 1;
    const token = text.slice(at, end);
    if (end - at > 15 && WHOLE.test(token) && !Number.isSafeInteger(Number(token))) {
      if (token.length > MAX_DIGITS) throw new RangeError(`a number has more than ${MAX_DIGITS} digits`);
      out += `${text.slice(from, at)}"${mark}${token}"`;
      from = end;
    }
    at = end - 1;
  }
  return from === 0 ? null : out + text.slice(from);
}

const WHOLE = /^-?[1-9][0-9]*$/;
const isDigit = (unit: string): boolean => unit >= "0" && unit <= "9";
const isInNumber = (unit: string): boolean => isDigit(unit) || ".+-eE".includes(unit);

/** The index of the quote that ends the string, or the end of the text. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === "\\" ? 2 : 1;
  return at;
}

/** Replaces the marked strings by their numbers, in place. */
function unmark(value: unknown, mark: string): unknown {
  if (typeof value === "string") return value.startsWith(mark) ? BigInt(value.slice(1)) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const changed = unmark(value[index], mark);
      if (changed !== value[index]) value[index] = changed;
    }
    return value;
  }
  const fields = value as Record<string, unknown>;
  for (const key of Object.keys(fields)) {
    // The text had a number in place of a name: not valid JSON.
    if (key.startsWith(mark)) throw new SyntaxError("a name is not a string");
    const changed = unmark(fields[key], mark);
    if (changed !== fields[key]) fields[key] = changed;
  }
  return value;
}

/**
 * Undefined for values that JSON cannot represent. Throws on cycles and on too deep nesting.
 * @param change applied to each value
 * @param space the indentation of each level
 */
export const stringifyExact = (
  value: unknown,
  change: (item: unknown) => unknown = (item) => item,
  space = 0,
): string | undefined =>
  JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === "bigint" ? json.rawJSON(String(item)) : change(item)),
    space,
  );
