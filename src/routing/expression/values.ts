// The values of an expression beyond those of JSON: sequences, functions, the names that are in force; and what a run of it consists of.
import type { Pattern } from "../pattern.ts";
import { OBJECT_BYTES, type Budget } from "./budget.ts";
import type { LambdaNode, Node, TransformNode } from "./tree.ts";

/** What a path collects: flattened into what it is put into, and alone as good as its one item. Fields as JSONata names them. */
export class Sequence extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
  readonly sequence = true;
  keepSingleton = false;
  /** The whole input, where it is an array. */
  outerWrapper = false;
  /** The items are bindings, `Tuple`s. */
  tupleStream = false;
}

/** An array that was written as one inside a path, which is not flattened. */
export class ConstructedArray extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

/** The item of a path under `@`, and what the path has named so far. */
export type Tuple = Record<string, unknown>;

/** Names in force. Those around it stand in `outer`. */
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

  /** Undefined where nothing has this name. */
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
  /** What JSONata's own functions know a function by. */
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

/** What the parts of the evaluation ask of each other, and what is the same for the whole of one run. */
export interface Run {
  readonly budget: Budget;
  readonly patterns: ReadonlyMap<RegExp, Pattern>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly random: () => number;
  evaluate(node: Node, input: unknown, frame: Frame): unknown;
  apply(called: unknown, args: readonly unknown[], input: unknown, frame: Frame): unknown;
}

/** Where a function is called from. */
export interface Call {
  readonly run: Run;
  readonly input: unknown;
  readonly frame: Frame;
}

/** What a built-in does with its arguments. */
export type Implementation = (args: readonly unknown[], call: Call) => unknown;

/** A built-in function, or one that a built-in has made. */
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

/** A function some of whose arguments are given. */
export class Partial {
  readonly _jsonata_lambda = true;

  readonly target: Callable;
  readonly given: readonly unknown[];
  /** Which of them are still to come. */
  readonly open: readonly boolean[];
  readonly arity: number;

  constructor(target: Callable, given: readonly unknown[], open: readonly boolean[]) {
    this.target = target;
    this.given = given;
    this.open = open;
    this.arity = open.filter(Boolean).length;
  }
}

/** A transformation, `| … | … |`. */
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

/** An object of data: no array, no function. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isCallable(value);

export function newFields(budget: Budget): Fields {
  budget.make(OBJECT_BYTES);
  return {};
}

/** A field may have any name, that of the prototype too. */
export function setField(fields: Fields, name: string, value: unknown, budget: Budget): void {
  budget.makeField(name);
  if (name === "__proto__")
    Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
  else fields[name] = value;
}
