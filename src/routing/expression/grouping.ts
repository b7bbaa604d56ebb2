// `[…]` and `{…}` after a value: filter its items, or group them by key.
import { isTrue, numberIn } from "./comparing.ts";
import { ExpressionError } from "./expression-error.ts";
import { asArray, newSequence, push, Row } from "./lists.ts";
import { createFrame } from "./sorting.ts";
import type { Node, Pairs } from "./tree.ts";
import { type Frame, newFields, Sequence, setField, type Fields, type Run, type Tuple } from "./values.ts";

export const isTupleStream = (value: unknown): value is Sequence => value instanceof Sequence && value.tupleStream;

/** The items for which the predicate is true, or whose index the predicate is. */
export function filtered(predicate: Node, value: unknown, frame: Frame, run: Run): unknown {
  const found = newSequence(run);
  const tuples = isTupleStream(value);
  found.tupleStream = tuples;
  const items = asArray(value, run);
  if (predicate.type === "number") {
    const item = items.at(Math.floor(Number(predicate.value)));
    if (Array.isArray(item)) return item;
    if (item !== undefined) push(found, item, run);
    return found;
  }
  for (const [index, item] of items.entries()) {
    const result = tuples
      ? run.evaluate(predicate, (item as Tuple)["@"], createFrame(item as Tuple, frame, run))
      : run.evaluate(predicate, item, frame);
    const indexes = indexesIn(result, run);
    if (indexes === null) {
      if (isTrue(result, run.budget)) push(found, item, run);
    } else {
      for (const each of indexes) {
        const at = Math.floor(each);
        if ((at < 0 ? items.length + at : at) === index) push(found, item, run);
      }
    }
  }
  return found;
}

function indexesIn(result: unknown, { budget }: Run): number[] | null {
  // A whole number beyond 2^53: no list has that many items.
  if (typeof result === "bigint") return [];
  if (!Array.isArray(result)) {
    const index = numberIn(result);
    return index === null ? null : [index];
  }
  budget.spend(result.length >> 1);
  return result.every((item) => numberIn(item) !== null) ? (result as number[]) : null;
}

interface Group {
  readonly row: Row;
  readonly pair: number;
}

/** An object with one field for each key, computed from all items with that key. */
export function grouped(pairs: Pairs, value: unknown, position: number | undefined, frame: Frame, run: Run): Fields {
  const tuples = isTupleStream(value);
  const items = asArray(value, run);
  const groups = new Map<string, Group>();
  // Without items, the object is evaluated once for a missing value.
  for (const item of items.length === 0 && !tuples ? [undefined] : items) {
    const within = tuples ? createFrame(item as Tuple, frame, run) : frame;
    for (const [pair, [keyNode]] of pairs.entries()) {
      const key = run.evaluate(keyNode, tuples ? (item as Tuple)["@"] : item, within);
      if (key === undefined) continue;
      if (typeof key !== "string") throw new ExpressionError("a key of an object must evaluate to a string", position);
      run.budget.makeField(key);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { row: new Row(item), pair });
      else if (group.pair === pair) group.row.add(item, run);
      else throw new ExpressionError(`several keys of an object evaluate to ${key.slice(0, 40)}`, position);
    }
  }
  const result = newFields(run.budget);
  for (const [key, { row, pair }] of groups) {
    const context = tuples ? contextOf(row.value, frame, run) : { item: row.value, frame };
    const made = run.evaluate((pairs[pair] as Pairs[number])[1], context.item, context.frame);
    if (made !== undefined) setField(result, key, made, run.budget);
  }
  return result;
}

/** The context of a group: one binding for each name that the path has bound for its items. */
function contextOf(data: unknown, outer: Frame, run: Run): { item: unknown; frame: Frame } {
  const rows = new Map<string, Row>();
  for (const tuple of (Array.isArray(data) ? data : [data]) as Tuple[]) {
    for (const [name, value] of Object.entries(tuple)) {
      const row = rows.get(name);
      if (row === undefined) rows.set(name, new Row(value));
      else row.add(value, run);
    }
  }
  const item = rows.get("@")?.value;
  rows.delete("@");
  return {
    item,
    frame: createFrame(Object.fromEntries([...rows].map(([name, row]) => [name, row.value])), outer, run),
  };
}
