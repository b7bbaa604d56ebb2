// Merge sort: n log n comparisons, each charged, and two arrays of references.
import { order } from "./comparing.ts";
import { ExpressionError } from "./expression-error.ts";
import { newSequence, pushAll } from "./lists.ts";
import type { SortStep } from "./tree.ts";
import { ConstructedArray, Frame, type Run, type Tuple } from "./values.ts";

/** A sorted copy; equal items keep their order. @param isAfter whether the first item belongs after the second */
export function sorted<T>(items: readonly T[], isAfter: (left: T, right: T) => boolean, { budget }: Run): T[] {
  budget.makeArray(2 * items.length);
  const result = [...items];
  const merged = [...items];
  sort(0, items.length);
  return result;

  // Splits where JSONata does, so that an inconsistent comparison gives the same result as there.
  function sort(start: number, end: number): void {
    if (end - start < 2) return;
    const middle = start + ((end - start) >> 1);
    sort(start, middle);
    sort(middle, end);
    // Comparing two numbers takes far less than a step; costlier comparisons are charged separately.
    budget.spend((end - start) >> 3);
    let left = start;
    let right = middle;
    for (let at = start; at < end; at++) {
      const fromRight = left >= middle || (right < end && isAfter(result[left] as T, result[right] as T));
      merged[at] = result[fromRight ? right++ : left++] as T;
    }
    for (let at = start; at < end; at++) result[at] = merged[at] as T;
  }
}

/** Whether all items are numbers or all are texts, so that they can be ordered. */
export const areComparable = (items: readonly unknown[]): items is string[] | number[] =>
  items.every((item) => typeof item === "number") || items.every((item) => typeof item === "string");

/** `^(…)`: sorts by the first term, then by the next where that is equal, and so on. */
export function sortedBy(step: SortStep, items: unknown[], tuples: boolean, frame: Frame, run: Run): unknown[] {
  if (items.length <= 1) {
    if (items instanceof ConstructedArray) return items;
    const same = newSequence(run);
    pushAll(same, items, run);
    return same;
  }
  const { terms } = step;
  const keyed = items.map((item) => ({ item, keys: [] as unknown[] }));
  run.budget.makeArray(4 * items.length);
  // Each term is evaluated at most once for an item, when it is first needed.
  const keyOf = ({ item, keys }: { item: unknown; keys: unknown[] }, index: number): unknown => {
    if (!(index in keys)) {
      const term = terms[index];
      const within = tuples ? createFrame(item as Tuple, frame, run) : frame;
      keys[index] = term && run.evaluate(term.expression, tuples ? (item as Tuple)["@"] : item, within);
    }
    return keys[index];
  };
  const isAfter = (left: (typeof keyed)[number], right: (typeof keyed)[number]): boolean => {
    for (const [index, { descending }] of terms.entries()) {
      // The sort itself charges the comparisons of the first term.
      if (index > 0) run.budget.spend(0);
      const sign = orderOfKeys(keyOf(left, index), keyOf(right, index), descending, step, run);
      if (sign !== 0) return sign > 0;
    }
    return false;
  };
  return sorted(keyed, isAfter, run).map(({ item }) => item);
}

/** Missing values come last in either direction. */
function orderOfKeys(left: unknown, right: unknown, descending: boolean, { position }: SortStep, run: Run): number {
  if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
  const keys = [left, right];
  if (!keys.every((key) => typeof key === "string" || typeof key === "number"))
    throw new ExpressionError("the expressions within an order-by clause must give numbers or texts", position);
  if (!areComparable(keys))
    throw new ExpressionError("the expressions within an order-by clause must all give the same type", position);
  const sign = order(keys[0] as string | number, keys[1] as string | number, run.budget);
  return descending ? -sign : sign;
}

/** A frame with the names that a path has bound so far. */
export function createFrame(tuple: Tuple, outer: Frame, { budget }: Run): Frame {
  const frame = new Frame(outer, budget);
  for (const name of Object.keys(tuple)) frame.bind(name, tuple[name], budget);
  return frame;
}
