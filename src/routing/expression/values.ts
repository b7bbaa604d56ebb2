// The values that an expression has besides JSON (sequences, functions), its scopes, and the context of a run.
import type { Pattern } from "../pattern.ts";
import { OBJECT_BYTES, type Budget } from "./budget.ts";
import type { LambdaNode, Node, TransformNode } from "./tree.ts";

/** The result of a path: flattened when it is added to another, and equivalent to its item if it has only one. JSONata's field names. */
export class Sequence extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
  readonly sequence = true;
  keepSingleton = false;
  /** Wraps the input if that is an array. */
  outerWrapper = false;
  /** The items are bindings, `Tuple`s. */
  tupleStream = false;
}

/** An array that is written as `[…]` in a path; not flattened. */
export class ConstructedArray extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

/** The current item of a path under `@`, and the names that the path has bound so far. */
export type Tuple = Record<string, unknown>;

/** A scope of names within the scope `outer`. */
export class Frame {
  #names: Map<string, unknown> | null = null;

  readonly outer: Frame | null;

  constructor(outer: Frame | null, budget: Budget) {
    this.outer = outer;
    budget.make(OBJECT_BYTES);
  }

  bind(name: string, value: unknown, budget: Budget): void {
    if (this.#names === null) budget.makeArray(0);
    this.#names ??= new Map();
    budget.makeField(name);
    this.#names.set(name, value);
  }

  /** Undefined if there is no such name. */
  lookup(name: string, budget: Budget): unknown {
    if (this.#names?.has(name) === true) return this.#names.get(name);
    let frame = this.outer;
    let steps = 0;
    while (frame !== null && frame.#names?.has(name) !== true) {
      frame = frame.outer;
      steps += 1;
    }
    budget.spend(steps >> 3);
    return frame === null ? undefined : frame.#names?.get(name);
  }
}

/** A function that the expression defines. */
export class Lambda {
  /** JSONata's own functions recognize a function by this field. */
  readonly _jsonata_lambda = true;

  readonly node: LambdaNode;
  readonly input: unknown;
  readonly frame: Frame;

  constructor(node: LambdaNode, input: unknown, frame: Frame) {
    this.node = node;
    this.input = input;
    this.frame = frame;
  }

  get arity(): number {
    return this.node.arguments.length;
  }
}

/** The context of one run, and the functions that parts of the evaluation need from each other. */
export interface Run {
  readonly budget: Budget;
  readonly patterns: ReadonlyMap<RegExp, Pattern>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly random: () => number;
  evaluate(node: Node, input: unknown, frame: Frame): unknown;
  apply(called: unknown, args: readonly unknown[], input: unknown, frame: Frame): unknown;
}

/** The context of a function call. */
export interface Call {
  readonly run: Run;
  readonly input: unknown;
  readonly frame: Frame;
}

/** The implementation of a built-in. */
export type Implementation = (args: readonly unknown[], call: Call) => unknown;

/** A built-in function, or one that a built-in has returned. */
export class Native {
  readonly _jsonata_function = true;

  readonly name: string;
  readonly arity: number;
  readonly implementation: Implementation;

  constructor(name: string, arity: number, implementation: Implementation) {
    this.name = name;
    this.arity = arity;
    this.implementation = implementation;
  }
}

/** A partial application of a function. */
export class Partial {
  readonly _jsonata_lambda = true;

  readonly target: Callable;
  readonly given: readonly unknown[];
  /** Which arguments are still missing. */
  readonly open: readonly boolean[];
  readonly arity: number;

  constructor(target: Callable, given: readonly unknown[], open: readonly boolean[]) {
    this.target = target;
    this.given = given;
    this.open = open;
    this.arity = open.filter(Boolean).length;
  }
}

/** The transform operator, `| … | … |`. */
export class Transformer {
  readonly _jsonata_function = true;
  readonly arity = 1;

  readonly node: TransformNode;
  readonly frame: Frame;

  constructor(node: TransformNode, frame: Frame) {
    this.node = node;
    this.frame = frame;
  }
}

export type Callable = Lambda | Native | Partial | Transformer;

export const isCallable = (value: unknown): value is Callable =>
  value instanceof Lambda || value instanceof Native || value instanceof Partial || value instanceof Transformer;

export type Fields = Record<string, unknown>;

/** Whether the value is an object, not an array or a function. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isCallable(value);

export function newFields(budget: Budget): Fields {
  budget.make(OBJECT_BYTES);
  return {};
}

/** The name may be anything, `__proto__` too. */
export function setField(fields: Fields, name: string, value: unknown, budget: Budget): void {
  budget.makeField(name);
  if (name === "__proto__")
    Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
  else fields[name] = value;
}
