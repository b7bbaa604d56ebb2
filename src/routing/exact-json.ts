// JSON without silent rounding: whole numbers beyond 2^53 come out as bigint and go back in as the same digits.

interface Source {
  readonly source?: string;
}
type Reviver = (this: unknown, key: string, value: unknown, context: Source) => unknown;
/** ES2025, in V8 since 11.4; TypeScript's library does not know them yet. */
const json = JSON as unknown as {
  parse(text: string, reviver?: Reviver): unknown;
  rawJSON(text: string): unknown;
};

const LONG_NUMBER = /[0-9]{16}/;
const WHOLE = /^-?[0-9]+$/;

/** Throws SyntaxError; RangeError for long numbers in a text that is nested too deep to look at each. */
export function parseExact(text: string): unknown {
  // Looking at every value costs several times the plain parse, and most texts have no such number.
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as unknown;
  return json.parse(text, (_key, value, { source }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && WHOLE.test(source)
      ? BigInt(source)
      : value,
  );
}

/** Undefined for what JSON cannot say. Throws on cycles and on what is nested too deep. */
export const stringifyExact = (value: unknown): string | undefined =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? json.rawJSON(String(item)) : item));
