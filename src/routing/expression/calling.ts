// Calls: arguments first, then the function. A call in tail position is made by its caller, so that tail recursion uses no stack.
import { OBJECT_BYTES } from "./budget.ts";
import { keysOf } from "./comparing.ts";
import { ExpressionError } from "./expression-error.ts";
import { asArray } from "./lists.ts";
import { deepCopy } from "./texts-of-values.ts";
import type { FunctionNode } from "./tree.ts";
import {
  Frame,
  isCallable,
  isFields,
  Lambda,
  Native,
  Partial,
  setField,
  Transformer,
  type Callable,
  type Run,
} from "./values.ts";

/** @param first the argument that `~>` passes before the written ones, as a list of at most one */
export function call(node: FunctionNode, first: readonly unknown[], input: unknown, frame: Frame, run: Run): unknown {
  const called = functionOf(node, input, frame, run);
  const args = [...first, ...node.arguments.map((arg) => run.evaluate(arg, input, frame))];
  try {
    return run.apply(called, args, input, frame);
  } catch (error) {
    if (error instanceof ExpressionError && error.position === null && node.position !== undefined)
      throw new ExpressionError(error.message, node.position);
    throw error;
  }
}

/** A partial application: a function with some of its arguments. */
export function partially(node: FunctionNode, input: unknown, frame: Frame, run: Run): Partial {
  const open = node.arguments.map((arg) => arg.type === "operator" && arg.value === "?");
  const given = node.arguments.map((arg, index) =>
    open[index] === true ? undefined : run.evaluate(arg, input, frame),
  );
  run.budget.makeArray(2 * given.length);
  return new Partial(functionOf(node, input, frame, run), given, open);
}

function functionOf({ procedure, position }: FunctionNode, input: unknown, frame: Frame, run: Run): Callable {
  const called = run.evaluate(procedure, input, frame);
  if (isCallable(called)) return called;
  const name = procedure.type === "path" && procedure.steps[0]?.type === "name" ? procedure.steps[0].value : null;
  if (name !== null && frame.lookup(name, run.budget) !== undefined)
    throw new ExpressionError(`attempted to invoke a non-function. Did you mean $${name}?`, position);
  throw new ExpressionError("attempted to invoke a non-function", position);
}

/** Makes a call, including the tail calls that it ends in. */
export function apply(called: unknown, args: readonly unknown[], input: unknown, frame: Frame, run: Run): unknown {
  let result = applyOnce(called, args, input, frame, run);
  while (result instanceof Lambda && result.node.thunk === true) {
    const { node, input: within, frame: inner } = result;
    const next = node.body as FunctionNode;
    const nextArgs = next.arguments.map((arg) => run.evaluate(arg, within, inner));
    result = applyOnce(functionOf(next, within, inner, run), nextArgs, input, frame, run);
  }
  return result;
}

function applyOnce(called: unknown, args: readonly unknown[], input: unknown, frame: Frame, run: Run): unknown {
  run.budget.enter();
  const result = resultOf(called, args, input, frame, run);
  run.budget.leave();
  return result;
}

function resultOf(called: unknown, args: readonly unknown[], input: unknown, frame: Frame, run: Run): unknown {
  if (called instanceof Lambda) {
    const inner = new Frame(called.frame, run.budget);
    for (const [index, { value }] of called.node.arguments.entries()) inner.bind(value, args[index], run.budget);
    return run.evaluate(called.node.body, called.input, inner);
  }
  if (called instanceof Native) return called.implementation(args, { run, input, frame });
  if (called instanceof Partial) {
    run.budget.makeArray(called.given.length);
    let next = 0;
    const all = called.given.map((given, index) => (called.open[index] === true ? args[next++] : given));
    return run.apply(called.target, all, input, frame);
  }
  if (called instanceof Transformer) return transformed(called, args[0], run);
  throw new ExpressionError("attempted to invoke a non-function");
}

/** `|pattern|update, delete|`: a copy of the value in which each match has the fields of `update` and lacks those of `delete`. */
function transformed({ node, frame }: Transformer, value: unknown, run: Run): unknown {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null)
    throw new ExpressionError("a transform takes an object or an array", node.position);
  const copy = deepCopy(value, run.budget);
  const matches = run.evaluate(node.pattern, copy, frame);
  for (const match of matches === undefined ? [] : asArray(matches, run)) {
    const update = run.evaluate(node.update, match, frame);
    if (update !== undefined && !isFields(update))
      throw new ExpressionError("the insert/update clause of a transform must be an object", node.position);
    // Only in objects: the length of an array is not a field.
    if (isFields(match)) {
      for (const key of update === undefined ? [] : keysOf(update, run.budget))
        setField(match, key, update?.[key], run.budget);
    }
    if (node.delete === undefined) continue;
    const deletions = run.evaluate(node.delete, match, frame);
    for (const key of deletions === undefined ? [] : asArray(deletions, run)) {
      if (typeof key !== "string")
        throw new ExpressionError("the delete clause of a transform must be a text or a list of texts", node.position);
      if (isFields(match)) delete match[key];
    }
  }
  return copy;
}

/** `function($x){…}` */
export function createLambda(
  node: ConstructorParameters<typeof Lambda>[0],
  input: unknown,
  frame: Frame,
  run: Run,
): Lambda {
  run.budget.make(OBJECT_BYTES);
  return new Lambda(node, input, frame);
}

/** `f ~> g`: applies the second function to the result of the first. */
export const chained = (first: Callable, second: Callable): Native =>
  new Native("chain", 1, ([value], { run, input, frame }) =>
    run.apply(second, [run.apply(first, [value], input, frame)], input, frame),
  );
