// Truth, equality and order of values, each comparison charged before it is made.
import type { Budget } from "./budget.ts";
import { ExpressionError } from "./expression-error.ts";
import { isCallable, isFields } from "./values.ts";

/** The value if it is a number, otherwise null. Throws for a number that is not finite. */
export function numberIn(value: unknown): number | null {
  if (typeof value !== "number" || Number.isNaN(value)) return null;
  if (!Number.isFinite(value)) throw new ExpressionError("a number is out of range");
  return value;
}

/** Whether a condition treats the value as true: an array by its items, an object if it has fields. */
export function isTrue(value: unknown, budget: Budget): boolean {
  budget.spend(0);
  if (typeof value === "boolean") return value;
  if (typeof value === "string") return value.length > 0;
  if (Array.isArray(value)) return value.some((item) => isTrue(item, budget));
  if (isFields(value)) return keysOf(value, budget).length > 0;
  return typeof value === "bigint" || (numberIn(value) ?? 0) !== 0;
}

/** Whether two JSON values are equal, in any order of keys. */
export function isSame(left: unknown, right: unknown, budget: Budget): boolean {
  budget.spend(0);
  if (typeof left === "string" && typeof right === "string") return isSameText(left, right, budget);
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (isCallable(left) || isCallable(right) || Array.isArray(left) !== Array.isArray(right)) return false;
  if (Array.isArray(left)) {
    const others = right as unknown[];
    return left.length === others.length && left.every((item, index) => isSame(item, others[index], budget));
  }
  const keys = keysOf(left, budget);
  return (
    keysOf(right, budget).length === keys.length &&
    keys.every((key) => Object.hasOwn(right, key) && isSame((left as Fields)[key], (right as Fields)[key], budget))
  );
}

type Fields = Record<string, unknown>;

export function isSameText(left: string, right: string, budget: Budget): boolean {
  if (left.length !== right.length) return false;
  budget.spend(left.length >> 7);
  return left === right;
}

/** An object's own keys. They can only be counted by listing them, so they are charged immediately afterwards: at most one list exceeds the budget. */
export function keysOf(value: object, budget: Budget): string[] {
  const keys = Object.keys(value);
  budget.spend(keys.length >> 1);
  budget.makeArray(keys.length);
  return keys;
}

/** Negative, zero or positive if the first sorts before, with or after the second. Both are texts or both are numbers. */
export function order(left: string | number, right: string | number, budget: Budget): number {
  if (typeof left === "string") budget.spend(Math.min(left.length, String(right).length) >> 7);
  return left < right ? -1 : left > right ? 1 : 0;
}
