// Values as JSON text; the length is computed and charged before the text is created.
import { MAX_TRANSFORM_DEPTH } from "../../config/limits.ts";
import { stringifyExact } from "../exact-json.ts";
import type { Budget } from "./budget.ts";
import { keysOf } from "./comparing.ts";
import { ExpressionError } from "./expression-error.ts";
import { isCallable, newFields, Sequence, setField, type Fields } from "./values.ts";

/** Escaping can turn one character into six. */
const WORST_ESCAPE = 6;

interface Style {
  /** Whether functions are allowed: in a text they are empty, in the result they are an error. */
  readonly functions: boolean;
  /** Each item on its own line. */
  readonly pretty: boolean;
}

/** Charges for the text of this value. Shared values count each time, and the depth limit ends a cycle. */
function charge(value: unknown, budget: Budget, style: Style, depth = 0): void {
  if (style.pretty) budget.makeText(2 * depth);
  if (depth > MAX_TRANSFORM_DEPTH) throw new ExpressionError(`it nests deeper than ${MAX_TRANSFORM_DEPTH} levels`);
  if (typeof value === "string") budget.makeText(lengthAsJson(value, budget));
  else if (isCallable(value)) {
    if (!style.functions) throw new ExpressionError("the result holds a function");
  } else if (Array.isArray(value)) {
    budget.spend(0);
    for (const item of value) charge(item, budget, style, depth + 1);
  } else if (typeof value === "object" && value !== null) {
    for (const key of keysOf(value, budget)) {
      budget.makeText(key.length);
      charge((value as Fields)[key], budget, style, depth + 1);
    }
  } else budget.makeText(typeof value === "bigint" ? String(value).length : 0);
}

const TO_ESCAPE = /["\\]|\p{Cc}|\p{Cs}/u;

function lengthAsJson(text: string, budget: Budget): number {
  budget.spend(text.length >> 6);
  return TO_ESCAPE.test(text) ? WORST_ESCAPE * text.length : text.length;
}

/** The result of an expression as the JSON that is sent. Undefined if there is none. */
export function resultText(value: unknown, budget: Budget): string | undefined {
  charge(value, budget, { functions: false, pretty: false });
  return stringifyExact(value);
}

/** The text that `$string` returns: numbers to 15 digits, functions as empty text. */
export function textOf(value: unknown, budget: Budget, pretty = false): string {
  if (typeof value === "string") return value;
  if (isCallable(value)) return "";
  if (value instanceof Sequence && value.outerWrapper) return textOf(value[0], budget, pretty);
  if (typeof value === "number" && !Number.isFinite(value)) throw new ExpressionError("a number is out of range");
  charge(value, budget, { functions: true, pretty });
  const text = stringifyExact(
    value,
    (item) =>
      typeof item === "number" && !Number.isInteger(item) ? Number(item.toPrecision(15)) : isCallable(item) ? "" : item,
    pretty ? 2 : 0,
  );
  return text ?? "";
}

/** A deep copy of data. */
export function deepCopy(value: unknown, budget: Budget): unknown {
  budget.spend(0);
  if (isCallable(value)) return "";
  if (value instanceof Sequence && value.outerWrapper) return deepCopy(value[0], budget);
  if (Array.isArray(value)) {
    budget.makeArray(value.length);
    return value.map((item) => (item === undefined ? null : deepCopy(item, budget)));
  }
  if (typeof value !== "object" || value === null) return value;
  const copy = newFields(budget);
  for (const key of keysOf(value, budget)) setField(copy, key, deepCopy((value as Fields)[key], budget), budget);
  return copy;
}
