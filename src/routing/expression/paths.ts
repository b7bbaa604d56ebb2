// Paths: each step is evaluated for every item of the step before. A path that binds names (`@$x`, `#$i`, `%`) passes tuples of
// an item and its bindings from step to step, others pass items.
import { filtered, grouped, isTupleStream } from "./grouping.ts";
import { asArray, fieldOf, newSequence, push, pushAll, toSequence } from "./lists.ts";
import { createFrame, sortedBy } from "./sorting.ts";
import type { PathNode, SortStep, Stage, Step } from "./tree.ts";
import { ConstructedArray, type Frame, newFields, Sequence, type Run, type Tuple } from "./values.ts";

export function evaluatePath(path: PathNode, input: unknown, frame: Frame, run: Run): unknown {
  const { item, steps: walked } = walk(path, input, frame, run);
  const ended = walked === path.steps.length || (walked > 0 && item === undefined);
  if (ended && path.group === undefined) return item;
  let items = itemsIn(item, walked > 0 || path.steps[0]?.type !== "variable", run);
  let result: unknown = ended && item === undefined ? newSequence(run) : items;
  let tuples: Sequence | null = null;
  for (const [index, step] of path.steps.entries()) {
    if (ended || index < walked) continue;
    if (step.tuple === true || tuples !== null) {
      tuples = evaluateTupleStep(step, items, tuples, frame, run);
    } else {
      result =
        index === 0 && step.consarray === true && step.type !== "sort"
          ? run.evaluate(step, items, frame)
          : evaluateStep(step, items, index === path.steps.length - 1, frame, run);
      if (isNothing(result)) break;
    }
    if (step.focus === undefined) items = result as unknown[];
  }
  if (tuples !== null) result = path.tuple === true ? tuples : itemsOf(tuples, run);
  if (path.keepSingletonArray === true) {
    if (result instanceof ConstructedArray) result = toSequence(result, run);
    if (result instanceof Sequence) result.keepSingleton = true;
  }
  return path.group === undefined ? result : grouped(path.group.lhs, tuples ?? result, path.group.position, frame, run);
}

/** Follows the path as long as each step gives a single value, without sequences. For most paths that is all. */
function walk(path: PathNode, input: unknown, frame: Frame, run: Run): { item: unknown; steps: number } {
  let item = input;
  let steps = 0;
  if (path.keepSingletonArray === true) return { item, steps };
  for (const step of path.steps) {
    if (step.stages !== undefined || step.tuple === true || step.predicate !== undefined || step.group !== undefined)
      break;
    if (step.type === "name" && !Array.isArray(item)) item = fieldOf(item, step.value, run);
    else if (step.type === "variable" && steps === 0) item = run.evaluate(step, item, frame);
    else break;
    run.budget.spend(0);
    steps += 1;
    if (item === undefined) break;
  }
  return { item, steps };
}

const itemsIn = (value: unknown, byItems: boolean, run: Run): unknown[] =>
  byItems && Array.isArray(value) && !(value instanceof ConstructedArray) ? value : toSequence(value, run);

const isNothing = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.length === 0);

function itemsOf(tuples: Sequence, run: Run): Sequence {
  const items = newSequence(run);
  for (const tuple of tuples as Tuple[]) push(items, tuple["@"], run);
  return items;
}

function evaluateStep(step: Step, items: unknown[], last: boolean, frame: Frame, run: Run): unknown {
  if (step.type === "sort") return staged(step, sortedBy(step, items, isTupleStream(items), frame, run), frame, run);
  const results: unknown[] = [];
  for (const item of items) {
    let result = run.evaluate(step, item, frame);
    for (const stage of step.stages ?? [])
      if (stage.type === "filter") result = filtered(stage.expr, result, frame, run);
    if (result !== undefined) push(results, result, run);
  }
  const [only] = results;
  if (last && results.length === 1 && Array.isArray(only) && !(only instanceof Sequence)) return only;
  const flat = newSequence(run);
  for (const result of results) {
    if (Array.isArray(result) && !(result instanceof ConstructedArray)) pushAll(flat, result, run);
    else push(flat, result, run);
  }
  return flat;
}

function staged(step: Step, items: unknown, frame: Frame, run: Run): unknown {
  let result = items;
  for (const stage of step.stages ?? []) result = stageOf(stage, result, frame, run);
  return result;
}

function stageOf(stage: Stage, items: unknown, frame: Frame, run: Run): unknown {
  if (stage.type === "filter") return filtered(stage.expr, items, frame, run);
  for (const [index, tuple] of (items as Tuple[]).entries()) {
    run.budget.makeField(stage.value);
    tuple[stage.value] = index;
  }
  return items;
}

function evaluateTupleStep(step: Step, items: unknown[], former: Sequence | null, frame: Frame, run: Run): Sequence {
  const tuples = newSequence(run);
  tuples.tupleStream = true;
  if (step.type === "sort") {
    if (former !== null) pushAll(tuples, sortedBy(step, former, true, frame, run), run);
    else
      for (const [index, item] of sortedBy(step, items, false, frame, run).entries())
        push(tuples, newTuple({ "@": item, ...(step.index === undefined ? {} : { [step.index]: index }) }, run), run);
    return staged(step, tuples, frame, run) as Sequence;
  }
  for (const tuple of former ?? items.map((item): Tuple => ({ "@": item }))) {
    const binding = tuple as Tuple;
    const result = run.evaluate(step, binding["@"], createFrame(binding, frame, run));
    if (result === undefined) continue;
    const carried = isTupleStream(result);
    for (const [index, item] of asArray(result, run).entries())
      push(tuples, bindingOf(step, binding, item, index, carried, run), run);
  }
  return staged(step, tuples, frame, run) as Sequence;
}

/** The bindings of the path after this step for `item`. @param carried whether the step's result has bindings of its own */
function bindingOf(
  { focus, index: indexName, ancestor }: Exclude<Step, SortStep>,
  former: Tuple,
  item: unknown,
  index: number,
  carried: boolean,
  run: Run,
): Tuple {
  const tuple = newTuple(former, run);
  if (carried) return Object.assign(tuple, item);
  if (focus === undefined) tuple["@"] = item;
  else tuple[focus] = item;
  if (indexName !== undefined) tuple[indexName] = index;
  if (ancestor !== undefined) tuple[ancestor.label] = former["@"];
  return tuple;
}

function newTuple(from: Tuple, run: Run): Tuple {
  run.budget.makeArray(4 * Object.keys(from).length);
  return Object.assign(newFields(run.budget), from);
}
