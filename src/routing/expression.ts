// JSONata with bounds. A Worker's clock stands still while it computes, so steps, depth and sizes are counted instead of time.
// What could take long in one step is guarded or left out; regular expressions run on RE2.
import jsonata from "jsonata";
import { RE2JS } from "re2js";
import {
  MAX_TRANSFORM_DEPTH,
  MAX_TRANSFORM_OUTPUT_BYTES,
  MAX_TRANSFORM_SEQUENCE,
  MAX_TRANSFORM_STEPS,
  MAX_TRANSFORM_VALUE,
} from "../config/limits.ts";
import { utf8, type Bytes } from "../kernel/bytes.ts";
import { isExact } from "../kernel/inexact-numbers.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { stringifyExact } from "./exact-json.ts";
import { guardedFunctions } from "./expression-functions.ts";
import { compilePattern } from "./pattern.ts";
import { measureSize, type Sizes } from "./measure-size.ts";

/** An expression that has been checked. */
export interface Expression {
  /** The JSON that it makes of a body; fails with the reason in words. Never throws. */
  run(input: unknown, bindings: Readonly<Record<string, unknown>>): Promise<Result<Bytes, string>>;
}

const ENTRY = Symbol.for("jsonata.__evaluate_entry");
const EXIT = Symbol.for("jsonata.__evaluate_exit");

/** Stands in for RegExp, which backtracks. One per match expression and evaluation, as JSONata makes them. */
class Pattern {
  readonly #pattern: RE2JS;
  lastIndex = 0;

  constructor(literal: RegExp) {
    this.#pattern = patternOf(literal);
  }

  exec(text: string): (string[] & { index: number }) | null {
    const matcher = this.#pattern.matcher(text);
    if (!matcher.find(this.lastIndex)) return null;
    this.lastIndex = matcher.end();
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index) as string);
    return Object.assign(groups, { index: matcher.start() });
  }
}

const patterns = new WeakMap<RegExp, RE2JS>();

function patternOf(literal: RegExp): RE2JS {
  const known = patterns.get(literal);
  if (known !== undefined) return known;
  const compiled = compilePattern(RE2JS.translateRegExp(literal));
  if (!compiled.ok) throw new Error(`the regular expression ${compiled.error}`);
  patterns.set(literal, compiled.value);
  return compiled.value;
}

/** Fails with what is wrong, in words. */
export function compileExpression(source: string): Result<Expression, string> {
  try {
    const expression = jsonata(source, {
      RegexEngine: Pattern as unknown as RegExpConstructor,
      stack: MAX_TRANSFORM_DEPTH,
      sequence: MAX_TRANSFORM_SEQUENCE,
    });
    checkTree(expression.ast(), source);
    for (const { name, implementation, signature } of guardedFunctions)
      expression.registerFunction(name, implementation, signature);
    countSteps(expression);
    return ok({ run: (input, bindings) => run(expression, input, bindings) });
  } catch (error) {
    return err(describe(error));
  }
}

/** A number at the end of a text, as JSONata reads it. */
const NUMBER = /(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** Regular expressions are compiled and numbers looked at now, so that a bad one is refused with the configuration. */
function checkTree(root: unknown, source: string): void {
  const seen = new Set<unknown>();
  const open: unknown[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node !== "object" || node === null || seen.has(node)) continue;
    seen.add(node);
    if (node instanceof RegExp) patternOf(node);
    const { type, signature, position } = node as { type?: unknown; signature?: unknown; position?: unknown };
    // A node's position is where it ends.
    const literal = type === "number" ? NUMBER.exec(source.slice(0, Number(position)))?.[0] : undefined;
    if (literal !== undefined && !isExact(literal)) throw new Error(`the number ${literal} cannot be kept exactly`);
    // Turned into a regular expression of JavaScript's own.
    if (type === "lambda" && signature !== undefined) throw new Error("functions cannot have a <signature>");
    open.push(...Object.values(node).filter((child) => child !== undefined));
  }
}

interface Frame {
  readonly base: object;
}

function countSteps(expression: jsonata.Expression): void {
  const runs = new WeakMap<object, { left: number; readonly sizes: Sizes }>();
  const spend = ({ base }: Frame, steps: number): Sizes => {
    const current = runs.get(base) ?? { left: MAX_TRANSFORM_STEPS, sizes: new WeakMap<object, number>() };
    runs.set(base, current);
    current.left -= steps;
    if (current.left < 0) throw new Error(`it takes more than ${MAX_TRANSFORM_STEPS} steps`);
    return current.sizes;
  };
  const hook = (symbol: symbol, call: unknown): void => expression.assign(symbol as unknown as string, call);
  hook(ENTRY, (_node: unknown, _input: unknown, frame: Frame) => {
    spend(frame, 1);
  });
  hook(EXIT, (_node: unknown, _input: unknown, frame: Frame, result: unknown) => {
    // Large values cost more: comparing or searching one is a single step.
    const weight = measureSize(result, spend(frame, 0), MAX_TRANSFORM_VALUE);
    spend(frame, (weight >> 12) + (Array.isArray(result) ? result.length >> 6 : 0));
  });
}

async function run(
  expression: jsonata.Expression,
  input: unknown,
  bindings: Readonly<Record<string, unknown>>,
): Promise<Result<Bytes, string>> {
  try {
    const result: unknown = await expression.evaluate(input, bindings);
    measureSize(result, new WeakMap(), MAX_TRANSFORM_OUTPUT_BYTES, true);
    const text = stringifyExact(result);
    if (text === undefined) return err("the expression gives nothing");
    const bytes = utf8(text);
    return bytes.byteLength > MAX_TRANSFORM_OUTPUT_BYTES
      ? err(`the result has more than ${MAX_TRANSFORM_OUTPUT_BYTES} bytes`)
      : ok(bytes);
  } catch (error) {
    return err(describe(error));
  }
}

const MAX_REASON = 200;

/** JSONata throws plain objects with a message, an offset and a code. */
function describe(error: unknown): string {
  if (error instanceof RangeError) return "it nests or grows too far";
  const { message, position } =
    typeof error === "object" && error !== null ? (error as { message?: unknown; position?: unknown }) : {};
  const where = typeof position === "number" ? ` (at character ${position})` : "";
  return (typeof message === "string" ? message : "it failed").slice(0, MAX_REASON) + where;
}
