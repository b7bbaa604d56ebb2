// Sequences and arrays, and how JSONata selects from values: fields, wildcards, descendants, ranges.
import { MAX_TRANSFORM_SEQUENCE } from "../../config/limits.ts";
import { SLOT_BYTES } from "./budget.ts";
import { keysOf } from "./comparing.ts";
import { ExpressionError } from "./expression-error.ts";
import { isFields, Sequence, type Run } from "./values.ts";

/** Appends an item to an array; charged and bounded. */
export function push(items: unknown[], item: unknown, { budget }: Run): void {
  budget.make(SLOT_BYTES);
  checkLength(items.length + 1);
  items.push(item);
}

export function pushAll(items: unknown[], more: readonly unknown[], run: Run): void {
  for (const item of more) push(items, item, run);
}

function checkLength(length: number): void {
  if (length > MAX_TRANSFORM_SEQUENCE)
    throw new ExpressionError(`a sequence has more than ${MAX_TRANSFORM_SEQUENCE} items`);
}

export function newSequence({ budget }: Run): Sequence {
  budget.makeArray(0);
  return new Sequence();
}

export function toSequence(item: unknown, run: Run): Sequence {
  const sequence = newSequence(run);
  sequence.push(item);
  return sequence;
}

/** An array unchanged, anything else as the only item of a sequence. */
export const asArray = (value: unknown, run: Run): unknown[] => (Array.isArray(value) ? value : toSequence(value, run));

/** Concatenates two values; arrays by their items. */
export function append(left: unknown, right: unknown, run: Run): unknown {
  const row = new Row(left);
  row.add(right, run);
  return row.value;
}

/** Concatenates values; arrays by their items. A single value is not wrapped. */
export class Row {
  /** Whether this row created the array and may append to it. */
  #own = false;
  value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }

  add(value: unknown, run: Run): void {
    if (value === undefined) return;
    if (this.value === undefined) {
      this.value = value;
      return;
    }
    if (!this.#own) {
      const own: unknown[] = [];
      pushAll(own, asArray(this.value, run), run);
      this.value = own;
      this.#own = true;
    }
    pushAll(this.value as unknown[], asArray(value, run), run);
  }
}

/** The field of an object, or those of all objects in an array. */
export function fieldOf(value: unknown, name: string, run: Run): unknown {
  if (isFields(value)) return Object.hasOwn(value, name) ? value[name] : undefined;
  if (!Array.isArray(value)) return undefined;
  const found = newSequence(run);
  for (const item of value) {
    run.budget.spend(0);
    const field = fieldOf(item, name, run);
    if (Array.isArray(field)) pushAll(found, field, run);
    else if (field !== undefined) push(found, field, run);
  }
  return found;
}

/** `*`: the values of all fields; arrays by their items. */
export function wildcard(value: unknown, run: Run): unknown[] {
  const from: unknown = value instanceof Sequence && value.outerWrapper ? value[0] : value;
  const values: unknown[] = Array.isArray(from)
    ? from
    : isFields(from)
      ? keysOf(from, run.budget).map((key) => from[key])
      : [];
  run.budget.spend(values.length);
  const found = values.some(Array.isArray) ? [] : newSequence(run);
  for (const item of values) flatten(item, found, run);
  return found;
}

function flatten(value: unknown, into: unknown[], run: Run): void {
  if (Array.isArray(value)) for (const item of value) flatten(item, into, run);
  else push(into, value, run);
}

/** `**`: the value and everything within it, except arrays themselves. */
export function descendants(value: unknown, run: Run): unknown {
  if (value === undefined) return undefined;
  const found = newSequence(run);
  collect(value, found, run);
  return found.length === 1 ? found[0] : found;
}

function collect(value: unknown, into: unknown[], run: Run): void {
  run.budget.spend(0);
  if (Array.isArray(value)) {
    for (const item of value) collect(item, into, run);
    return;
  }
  push(into, value, run);
  if (isFields(value)) for (const key of keysOf(value, run.budget)) collect(value[key], into, run);
}

/** `[from..to]`. */
export function range(from: number, to: number, run: Run): Sequence | undefined {
  if (from > to) return undefined;
  const length = to - from + 1;
  checkLength(length);
  run.budget.makeArray(length);
  const items = new Sequence();
  // Counts with an index, because beyond 2^53 adding one may not change a number.
  for (let index = 0; index < length; index++) items.push(from + index);
  return items;
}
