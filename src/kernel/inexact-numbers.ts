// Finds the numbers of a JSON text that JavaScript cannot represent exactly: JSON.parse rounds them silently.

/** The reviver's third argument: ECMA-262, JSON.parse source text access. Node before 21 lacks it and finds nothing. */
type Reviver = (this: object, key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** Numbers of up to 15 digits are always exact. The reviver below costs several times a plain parse, so it runs only on suspects. */
const SUSPECT = /[0-9.]{16}|[eE][+-]?[0-9]{3}/;

/** JSON pointers to them. Throws SyntaxError when the text is not JSON. */
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
    // The outermost key is empty: it stands for the whole text.
    return path.map((key) => key.replaceAll("~", "~0").replaceAll("/", "~1")).join("/");
  });
}

/** Whether JSON.parse gives exactly the number that is written. @param literal a JSON number */
export const isExact = (literal: string): boolean => normal(literal) === normal(String(Number(literal)));

/** The significant digits and their exponent; empty for anything but a finite number. */
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
