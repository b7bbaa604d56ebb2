// JSONata's functions on arrays and objects, and those that take functions.
import { isSame, isTrue, keysOf, order } from "./comparing.ts";
import { ExpressionError } from "./expression-error.ts";
import { native } from "./library.ts";
import { append, fieldOf, newSequence, push } from "./lists.ts";
import { areComparable, sorted } from "./sorting.ts";
import { deepCopy } from "./texts-of-values.ts";
import {
  isCallable,
  isFields,
  newFields,
  Sequence,
  setField,
  type Call,
  type Callable,
  type Fields,
  type Implementation,
  type Native,
  type Run,
} from "./values.ts";

/** Calls a function with as many of the arguments as it accepts, at least the first. */
function callWith(called: unknown, args: readonly unknown[], { run, input, frame }: Call): unknown {
  if (!isCallable(called)) throw new ExpressionError("attempted to invoke a non-function");
  const { arity } = called;
  return run.apply(called, args.slice(0, Math.max(1, Math.min(arity, args.length))), input, frame);
}

const map: Implementation = ([list, called], call) => {
  if (list === undefined) return undefined;
  const results = newSequence(call.run);
  for (const [index, item] of (list as unknown[]).entries()) {
    const result = callWith(called, [item, index, list], call);
    if (result !== undefined) push(results, result, call.run);
  }
  return results;
};

const filter: Implementation = ([list, called], call) => {
  if (list === undefined) return undefined;
  const results = newSequence(call.run);
  for (const [index, item] of (list as unknown[]).entries())
    if (isTrue(callWith(called, [item, index, list], call), call.run.budget)) push(results, item, call.run);
  return results;
};

const single: Implementation = ([list, called], call) => {
  if (list === undefined) return undefined;
  const results = called === undefined ? (list as unknown[]) : (filter([list, called], call) as unknown[]);
  if (results.length !== 1)
    throw new ExpressionError(`the $single() function expected exactly 1 matching result, not ${results.length}`);
  return results[0];
};

const reduce: Implementation = ([list, called, initial], { run, input, frame }) => {
  if (list === undefined) return undefined;
  const { arity } = called as Callable;
  if (arity < 2) throw new ExpressionError("the function of $reduce must take at least two arguments");
  const items = list as unknown[];
  const begins = initial === undefined && items.length > 0;
  let result = begins ? items[0] : initial;
  for (let index = begins ? 1 : 0; index < items.length; index++)
    result = run.apply(called, [result, items[index], index, items].slice(0, arity), input, frame);
  return result;
};

const sort: Implementation = ([list, called], { run, input, frame }) => {
  if (list === undefined) return undefined;
  const items = list as unknown[];
  if (items.length <= 1) return items;
  if (called !== undefined)
    return sorted(items, (left, right) => Boolean(run.apply(called, [left, right], input, frame)), run);
  run.budget.spend(items.length >> 3);
  if (!areComparable(items)) throw new ExpressionError("$sort without a function takes numbers or texts only");
  return sorted<string | number>(items, (left, right) => order(left, right, run.budget) > 0, run);
};

/** Scalars are found in a set; objects are compared one by one. */
const distinct: Implementation = ([list], { run }) => {
  if (!Array.isArray(list) || list.length <= 1) return list;
  const results = list instanceof Sequence ? newSequence(run) : [];
  const scalars = new Set<unknown>();
  const objects: unknown[] = [];
  for (const item of list as unknown[]) {
    run.budget.makeField(typeof item === "string" ? item : "");
    if (typeof item === "object" && item !== null) {
      if (objects.some((known) => isSame(known, item, run.budget))) continue;
      objects.push(item);
    } else if (scalars.has(item)) continue;
    else scalars.add(item);
    push(results, item, run);
  }
  return results;
};

const zip: Implementation = (lists, { run }) => {
  const shortest = Math.min(...lists.map((list) => (Array.isArray(list) ? list.length : 0)));
  const rows: unknown[] = [];
  for (let index = 0; index < shortest; index++) {
    run.budget.makeArray(lists.length);
    push(
      rows,
      lists.map((list) => (list as unknown[])[index]),
      run,
    );
  }
  return rows;
};

const reverse: Implementation = ([list], { run }) => {
  if (list === undefined) return undefined;
  run.budget.makeArray((list as unknown[]).length);
  return (list as unknown[]).length <= 1 ? list : (list as unknown[]).toReversed();
};

const shuffle: Implementation = ([list], { run }) => {
  if (list === undefined) return undefined;
  const result: unknown[] = [];
  for (const item of list as unknown[]) {
    push(result, item, run);
    const at = Math.floor(run.random() * result.length);
    [result[result.length - 1], result[at]] = [result[at], item];
  }
  return result;
};

const keys: Implementation = ([value], { run }) => {
  const found = newSequence(run);
  const names = new Set<string>();
  addKeys(value, names, run);
  for (const name of names) push(found, name, run);
  return found;
};

function addKeys(value: unknown, names: Set<string>, run: Run): void {
  run.budget.spend(0);
  if (Array.isArray(value)) for (const item of value) addKeys(item, names, run);
  else if (isFields(value))
    for (const key of keysOf(value, run.budget)) {
      run.budget.makeField(key);
      names.add(key);
    }
}

const lookup: Implementation = ([value, key], { run }) => {
  if (key === undefined) return undefined;
  run.budget.makeField(key as string);
  return fieldOf(value, key as string, run);
};

const spread: Implementation = ([value], { run }) => {
  if (!Array.isArray(value) && !isFields(value)) return value;
  const found = Array.isArray(value) && value.length > 0 ? [] : newSequence(run);
  spreadInto(value, found, run);
  return found;
};

function spreadInto(value: unknown, into: unknown[], run: Run): void {
  if (Array.isArray(value)) for (const item of value) spreadInto(item, into, run);
  else if (isFields(value))
    for (const key of keysOf(value, run.budget)) {
      const fields = newFields(run.budget);
      setField(fields, key, value[key], run.budget);
      push(into, fields, run);
    }
  else if (value !== undefined) push(into, value, run);
}

const merge: Implementation = ([list], { run }) => {
  if (list === undefined) return undefined;
  const result = newFields(run.budget);
  for (const item of list as Fields[])
    for (const key of keysOf(item, run.budget)) setField(result, key, item[key], run.budget);
  return result;
};

const each: Implementation = ([value, called], call) => {
  const results = newSequence(call.run);
  for (const key of isFields(value) ? keysOf(value, call.run.budget) : []) {
    const result = callWith(called, [(value as Fields)[key], key, value], call);
    if (result !== undefined) push(results, result, call.run);
  }
  return results;
};

const sift: Implementation = ([value, called], call) => {
  const { budget } = call.run;
  const result = newFields(budget);
  let taken = 0;
  for (const key of isFields(value) ? keysOf(value, budget) : []) {
    const field = (value as Fields)[key];
    if (!isTrue(callWith(called, [field, key, value], call), budget)) continue;
    setField(result, key, field, budget);
    taken += 1;
  }
  return taken === 0 ? undefined : result;
};

const type: Implementation = ([value]) => {
  if (value === undefined) return undefined;
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (isCallable(value)) return "function";
  return typeof value === "bigint" ? "number" : typeof value;
};

export const LIST_FUNCTIONS: readonly Native[] = [
  native("map", map),
  native("filter", filter),
  native("single", single),
  native("reduce", reduce),
  native("sort", sort),
  native("distinct", distinct),
  native("zip", zip),
  native("reverse", reverse),
  native("shuffle", shuffle),
  native("keys", keys),
  native("lookup", lookup),
  native("spread", spread),
  native("merge", merge),
  native("each", each),
  native("sift", sift),
  native("append", ([left, right], { run }) => append(left, right, run)),
  native("exists", ([value]) => value !== undefined),
  native("type", type),
  native("count", ([list]) => (list === undefined ? 0 : (list as unknown[]).length)),
  native("boolean", ([value], { run }) => (value === undefined ? undefined : isTrue(value, run.budget))),
  native("not", ([value], { run }) => (value === undefined ? undefined : !isTrue(value, run.budget))),
  native("clone", ([value], { run }) => (value === undefined ? undefined : deepCopy(value, run.budget))),
];
