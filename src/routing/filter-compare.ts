// The operators of filters. Types that cannot be compared do not match; they are never an error.
import { MAX_VALUE_DEPTH } from "../config/limits.ts";
import { comparable } from "./filter-compile.ts";
import type { Comparison } from "./filter-nodes.ts";

/** The budget for evaluating and explaining one filter. It is counted down; `exhausted` once it is used up. */
export interface Budget {
  steps: number;
  exhausted: boolean;
  /** The field names of the compared objects. Listing them is expensive, so it is done once for each object. */
  readonly names: WeakMap<object, readonly string[]>;
  /** The texts that were read as JSON. Each is parsed once. */
  readonly opened: Map<string, unknown>;
}

/** Subtracts `steps`; false when the budget is used up. */
export function spend(budget: Budget, steps: number): boolean {
  budget.steps -= steps;
  if (budget.steps < 0) budget.exhausted = true;
  return !budget.exhausted;
}

/** Long texts cost more than short ones. */
const textSteps = (text: unknown): number => 1 + (typeof text === "string" ? text.length >> 6 : 0);

/** A text compared with a long number is converted to a number. */
const digitSteps = (data: unknown, text: unknown): number =>
  typeof data === "bigint" && typeof text === "string" ? text.length >> 3 : 0;

/** Converting more digits would take longer than a comparison may. */
const DIGITS = /^-?\d{16,400}$/;
const DECIMAL = /^-?\d{1,15}(\.\d{1,15})?$/;

/**
 * Whether two scalars are equal. Types must be equal too, with two exceptions: a whole number beyond 2^53 (a bigint here) equals
 * the string of its digits, and in data that consists of text only, a number or boolean equals its text.
 * @param textual the data comes from a header, a query, a path or a form
 */
function same(data: unknown, wanted: unknown, textual: boolean): boolean {
  if (data === wanted) return true;
  if (typeof data === "bigint") return typeof wanted === "string" && DIGITS.test(wanted) && BigInt(wanted) === data;
  return textual && typeof data === "string" && /^(number|boolean)$/.test(typeof wanted) && data === String(wanted);
}

/** Structural equality; the order of keys does not matter. */
export function equal(data: unknown, wanted: unknown, textual: boolean, budget: Budget, depth = 0): boolean {
  if (!spend(budget, textSteps(data) + digitSteps(data, wanted))) return false;
  if (typeof data !== "object" || data === null || typeof wanted !== "object" || wanted === null)
    return same(data, wanted, textual);
  if (depth >= MAX_VALUE_DEPTH) {
    budget.exhausted = true;
    return false;
  }
  if (Array.isArray(data) !== Array.isArray(wanted)) return false;
  const keys = fieldNames(wanted, budget);
  if (fieldNames(data, budget).length !== keys.length || !spend(budget, keys.length)) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(data, key) && equal((data as Fields)[key], (wanted as Fields)[key], textual, budget, depth + 1),
  );
}

type Fields = Record<string, unknown>;

function fieldNames(value: object, budget: Budget): readonly string[] {
  const known = budget.names.get(value);
  if (known !== undefined) return known;
  const names = Object.keys(value);
  spend(budget, names.length);
  budget.names.set(value, names);
  return names;
}

/** The cost of an operand, which may come from the event itself: each item of a list is compared, and a text is read completely. */
function operandSteps(operator: Comparison, data: unknown, operand: unknown): number {
  // Each text in the list may have up to 400 digits to convert.
  if (Array.isArray(operand)) return (typeof data === "bigint" ? 50 : 2) * operand.length;
  if (typeof operand !== "string") return 0;
  if (numeric(data)) return operand.length / 8;
  // In the worst case each character of one text is compared with each of the other.
  const searches = (operator === "$in" || operator === "$nin") && typeof data === "string";
  return (operand.length * (searches ? data.length : 1)) / 64;
}

/** Negative if `data` is less than `bound`, zero if equal, positive if greater; null when they cannot be compared. */
function compareOrder(data: unknown, bound: unknown, textual: boolean): number | null {
  if (typeof data === "string" && typeof bound === "string") return data < bound ? -1 : data > bound ? 1 : 0;
  const left = numeric(data) ? data : textual && typeof data === "string" && DECIMAL.test(data) ? Number(data) : null;
  const right = numeric(bound) ? bound : typeof bound === "string" && DIGITS.test(bound) ? BigInt(bound) : null;
  if (left === null || right === null) return null;
  // A number and a bigint compare exactly.
  return left < right ? -1 : left > right ? 1 : 0;
}

const numeric = (value: unknown): value is number | bigint => typeof value === "number" || typeof value === "bigint";

const isScalar = (value: unknown): boolean => value === null || (typeof value !== "object" && value !== undefined);

/** @param data undefined when the field is missing, which meets `$exist: false` only */
export function compare(
  operator: Comparison,
  data: unknown,
  operand: unknown,
  textual: boolean,
  budget: Budget,
): boolean {
  if (operator === "$exist") return typeof operand === "boolean" && (data !== undefined) === operand;
  if (data === undefined || !spend(budget, textSteps(data) + operandSteps(operator, data, operand))) return false;
  if (!comparable(operator, operand)) return false;
  switch (operator) {
    case "$eq":
      return equal(data, operand, textual, budget);
    case "$neq":
      return !equal(data, operand, textual, budget);
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte": {
      const sign = compareOrder(data, operand, textual);
      if (sign === null) return false;
      return sign === 0 ? operator.endsWith("e") : sign > 0 === operator.startsWith("$g");
    }
    case "$in":
    case "$nin": {
      const wanted = operator === "$in";
      if (typeof operand === "string") return typeof data === "string" && data.includes(operand) === wanted;
      return isScalar(data) && (operand as unknown[]).some((item) => same(data, item, textual)) === wanted;
    }
    case "$startsWith":
      return typeof data === "string" && asList(operand).some((start) => data.startsWith(start));
    case "$endsWith":
      return typeof data === "string" && asList(operand).some((end) => data.endsWith(end));
  }
}

const asList = (operand: unknown): string[] => (typeof operand === "string" ? [operand] : (operand as string[]));
