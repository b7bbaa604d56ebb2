// Finds the numbers of a JSON text that JavaScript cannot keep as they are written: reading rounds them, and nobody is told.

/** The reviver's third argument: ECMA-262, JSON.parse source text access. Missing in Node before 21: then nothing is found. */
type Reviver = (this: object, key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** Up to 15 digits come back as they were, however large the number. Looking at every value costs several times the plain parse. */
const SUSPECT = /[0-9.]{16}|[eE][+-]?[0-9]{3}/;

/** Their JSON pointers. Throws SyntaxError for what is no JSON. */
export function inexactNumbers(text: string): string[] {
  if (!SUSPECT.test(text)) return [];
  const parents = new Map<object, readonly [holder: object, key: string]>();
  const found: (readonly [holder: object, key: string])[] = [];
  const look: Reviver = function (key, value, context) {
    if (typeof value === "object" && value !== null) parents.set(value, [this, key]);
    if (typeof value === "number" && context?.source !== undefined && !isExact(context.source)) found.push([this, key]);
    return value;
  };
  (JSON.parse as (text: string, reviver: Reviver) => unknown)(text, look);
  return found.map(([holder, last]) => {
    const path = [last];
    for (let up = parents.get(holder); up !== undefined; up = parents.get(up[0])) path.unshift(up[1]);
    // The outermost key is that of the text itself: empty.
    return path.map((key) => key.replaceAll("~", "~0").replaceAll("/", "~1")).join("/");
  });
}

/** Whether reading gives the very number that is written. @param literal as JSON has it */
export const isExact = (literal: string): boolean => normal(literal) === normal(String(Number(literal)));

/** The digits that count and their exponent; empty for what is no finite number. */
function normal(literal: string): string {
  const [match, whole = "", fraction = "", exponent = "0"] =
    /^-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(literal) ?? [];
  if (match === undefined) return "";
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  return significant === ""
    ? "0"
    : `${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
