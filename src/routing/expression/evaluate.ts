// Evaluates JSONata's syntax tree like JSONata, but synchronously, and charges every step. JSONata's own evaluator cannot be
// bounded: it copies arrays often, creates a promise for each node, and its functions run without a check of what they will use.
import type { Budget } from "./budget.ts";
import { apply, call, chained, createLambda, partially } from "./calling.ts";
import { isSame, isSameText, isTrue, numberIn, order } from "./comparing.ts";
import { ExpressionError } from "./expression-error.ts";
import { filtered, grouped } from "./grouping.ts";
import { asArray, descendants, fieldOf, push, pushAll, range, wildcard } from "./lists.ts";
import { createMatcher } from "./matching.ts";
import { NATIVES } from "./natives.ts";
import type { Parsed } from "./parse.ts";
import { evaluatePath } from "./paths.ts";
import { textOf } from "./texts-of-values.ts";
import type { BinaryNode, Node, UnaryNode } from "./tree.ts";
import { ConstructedArray, Frame, isCallable, Sequence, Transformer, type Run } from "./values.ts";

export interface Surroundings {
  /** Variables by name. */
  readonly bindings: Readonly<Record<string, unknown>>;
  readonly now: number;
  readonly random: () => number;
}

/** The result of the expression for `input`. Throws if it fails or exceeds the budget. @param budget is charged */
export function evaluate({ tree, patterns }: Parsed, input: unknown, around: Surroundings, budget: Budget): unknown {
  const run = new Evaluation(budget, patterns, around);
  const frame = new Frame(null, budget);
  for (const [name, native] of NATIVES) frame.bind(name, native, budget);
  for (const [name, value] of Object.entries(around.bindings)) frame.bind(name, value, budget);
  frame.bind("$", input, budget);
  if (!Array.isArray(input)) return run.evaluate(tree, input, frame);
  const whole = new Sequence();
  whole.push(input);
  whole.outerWrapper = true;
  return run.evaluate(tree, whole, frame);
}

class Evaluation implements Run {
  readonly budget: Budget;
  readonly patterns: Run["patterns"];
  readonly now: number;
  readonly random: () => number;

  constructor(budget: Budget, patterns: Run["patterns"], { now, random }: Surroundings) {
    this.budget = budget;
    this.patterns = patterns;
    this.now = now;
    this.random = random;
  }

  apply(called: unknown, args: readonly unknown[], input: unknown, frame: Frame): unknown {
    return apply(called, args, input, frame, this);
  }

  evaluate(node: Node, input: unknown, frame: Frame): unknown {
    this.budget.enter();
    let result = this.#valueOf(node, input, frame);
    for (const { expr } of node.predicate ?? []) result = filtered(expr, result, frame, this);
    if (node.group !== undefined && node.type !== "path")
      result = grouped(node.group.lhs, result, node.group.position, frame, this);
    this.budget.leave();
    if (!(result instanceof Sequence) || result.tupleStream) return result;
    if (node.keepArray === true) result.keepSingleton = true;
    return result.length > 1 || (result.length === 1 && result.keepSingleton) ? result : result[0];
  }

  #valueOf(node: Node, input: unknown, frame: Frame): unknown {
    switch (node.type) {
      case "path":
        return evaluatePath(node, input, frame, this);
      case "name":
        return fieldOf(input, node.value, this);
      case "string":
      case "number":
      case "value":
        return node.value;
      case "variable":
        if (node.value === "") return input instanceof Sequence && input.outerWrapper ? input[0] : input;
        return frame.lookup(node.value, this.budget);
      case "parent":
        return frame.lookup(node.slot.label, this.budget);
      case "wildcard":
        return wildcard(input, this);
      case "descendant":
        return descendants(input, this);
      case "binary":
        return this.#binary(node, input, frame);
      case "unary":
        return this.#unary(node, input, frame);
      case "condition":
        if (isTrue(this.evaluate(node.condition, input, frame), this.budget))
          return this.evaluate(node.then, input, frame);
        return node.else === undefined ? undefined : this.evaluate(node.else, input, frame);
      case "block": {
        const inner = new Frame(frame, this.budget);
        return node.expressions.reduce<unknown>((_before, each) => this.evaluate(each, input, inner), undefined);
      }
      case "bind": {
        const value = this.evaluate(node.rhs, input, frame);
        frame.bind(node.lhs.value, value, this.budget);
        return value;
      }
      case "regex":
        return createMatcher(node.value);
      case "lambda":
        return createLambda(node, input, frame, this);
      case "function":
        return call(node, [], input, frame, this);
      case "partial":
        return partially(node, input, frame, this);
      case "apply":
        return this.#piped(node, input, frame);
      case "transform":
        return new Transformer(node, frame);
      case "operator":
        throw new ExpressionError("a ? is allowed only as an argument of a function call", node.position);
    }
  }

  /** `value ~> function` */
  #piped(node: Extract<Node, { type: "apply" }>, input: unknown, frame: Frame): unknown {
    const value = this.evaluate(node.lhs, input, frame);
    if (node.rhs.type === "function") return call(node.rhs, [value], input, frame, this);
    const called = this.evaluate(node.rhs, input, frame);
    if (!isCallable(called))
      throw new ExpressionError("the right side of the ~> operator must be a function", node.position);
    return isCallable(value) ? chained(value, called) : this.apply(called, [value], input, frame);
  }

  #unary(node: UnaryNode, input: unknown, frame: Frame): unknown {
    switch (node.value) {
      case "-": {
        const value = this.evaluate(node.expression, input, frame);
        return value === undefined ? undefined : -needNumber(value, "-", node.position);
      }
      case "[": {
        const items: unknown[] = node.consarray === true ? new ConstructedArray() : [];
        this.budget.makeArray(0);
        for (const expression of node.expressions) {
          const value = this.evaluate(expression, input, frame);
          if (value === undefined) continue;
          // An item that is written as an array is not flattened.
          if (expression.type === "unary" && expression.value === "[") push(items, value, this);
          else pushAll(items, asArray(value, this), this);
        }
        return items;
      }
      case "{":
        return grouped(node.lhs, input, node.position, frame, this);
    }
  }

  #binary(node: BinaryNode, input: unknown, frame: Frame): unknown {
    const { budget } = this;
    const left = this.evaluate(node.lhs, input, frame);
    const right = (): unknown => this.evaluate(node.rhs, input, frame);
    switch (node.value) {
      case "and":
        return isTrue(left, budget) && isTrue(right(), budget);
      case "or":
        return isTrue(left, budget) || isTrue(right(), budget);
      case "=":
        return isEqual(left, right(), budget);
      case "!=": {
        const other = right();
        return left !== undefined && other !== undefined && !isSame(left, other, budget);
      }
      case "&": {
        const [first, second] = [left, right()].map((side) => (side === undefined ? "" : textOf(side, budget)));
        budget.makeText((first ?? "").length + (second ?? "").length);
        return `${first}${second}`;
      }
      case "in":
        return isAmong(left, right(), this);
      case "..":
        return evaluateRange(left, right(), node, this);
      case "<":
      case "<=":
      case ">":
      case ">=":
        return compared(left, right(), node, budget);
      default:
        return computed(left, right(), node);
    }
  }
}

const isEqual = (left: unknown, right: unknown, budget: Budget): boolean =>
  left !== undefined && right !== undefined && isSame(left, right, budget);

function isAmong(value: unknown, list: unknown, run: Run): boolean {
  if (value === undefined || list === undefined) return false;
  return asArray(list, run).some((item) => {
    run.budget.spend(0);
    return typeof item === "string" && typeof value === "string" ? isSameText(item, value, run.budget) : item === value;
  });
}

function evaluateRange(left: unknown, right: unknown, { position }: BinaryNode, run: Run): unknown {
  for (const [side, value] of Object.entries({ left, right }))
    if (value !== undefined && !Number.isInteger(value))
      throw new ExpressionError(`the ${side} side of the range operator (..) must evaluate to an integer`, position);
  return left === undefined || right === undefined ? undefined : range(left as number, right as number, run);
}

function compared(left: unknown, right: unknown, { value: operator, position }: BinaryNode, budget: Budget): unknown {
  for (const side of [left, right])
    if (side !== undefined && typeof side !== "string" && typeof side !== "number")
      throw new ExpressionError(
        `the expressions on either side of operator "${operator}" must evaluate to numeric or string values`,
        position,
      );
  if (left === undefined || right === undefined) return undefined;
  if (typeof left !== typeof right)
    throw new ExpressionError(
      `the values on either side of operator "${operator}" must be of the same data type`,
      position,
    );
  // What is no number is neither less nor greater.
  if (Number.isNaN(left) || Number.isNaN(right)) return false;
  const sign = order(left as string | number, right as string | number, budget);
  if (sign === 0) return operator.endsWith("=");
  return sign > 0 === operator.startsWith(">");
}

function needNumber(value: unknown, operator: string, position: number | undefined, side = ""): number {
  const number = numberIn(value);
  if (number === null)
    throw new ExpressionError(
      `${side === "" ? "the value" : `the ${side} side`} of the "${operator}" operator must evaluate to a number`,
      position,
    );
  return number;
}

function computed(left: unknown, right: unknown, { value: operator, position }: BinaryNode): number | undefined {
  const first = left === undefined ? undefined : needNumber(left, operator, position, "left");
  const second = right === undefined ? undefined : needNumber(right, operator, position, "right");
  if (first === undefined || second === undefined) return undefined;
  switch (operator) {
    case "+":
      return first + second;
    case "-":
      return first - second;
    case "*":
      return first * second;
    case "/":
      return first / second;
    case "%":
      return first % second;
    default:
      throw new ExpressionError(`there is no operator ${operator}`, position);
  }
}
