// JSONata's own functions as they are, for those that are synchronous, and the signatures of all of them. A charge comes before each
// call: what it takes at the most, by its arguments.
import jsonata from "jsonata";
import { ExpressionError } from "./expression-error.ts";
import { newSequence } from "./lists.ts";
import { Native, type Call, type Implementation, type Run } from "./values.ts";

interface Definition {
  readonly implementation: (this: unknown, ...args: readonly unknown[]) => unknown;
  readonly signature: { validate(args: readonly unknown[], context: unknown): unknown[] };
}

const NAMES = [
  ..."sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad".split(
    " ",
  ),
  ..."match contains replace split join formatNumber formatBase formatInteger number floor ceil round abs sqrt power".split(
    " ",
  ),
  ..."random boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse each error".split(
    " ",
  ),
  ..."assert type sort shuffle distinct base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent".split(
    " ",
  ),
  ..."decodeUrl toMillis fromMillis clone now millis".split(" "),
];

const defined = new Map(
  ((await jsonata(`[${NAMES.map((name) => `$${name}`).join(",")}]`).evaluate(null)) as readonly Definition[]).map(
    (definition, index) => [NAMES[index] ?? "", definition],
  ),
);

/** A built-in by JSONata's signature: a missing argument may come from the context, a single value may stand for an array. */
export function native(name: string, implementation: Implementation): Native {
  const definition = definitionOf(name);
  return new Native(name, definition.implementation.length, (args, call) => {
    // A signature is a regular expression over the types of the arguments, and those of the items of an array.
    call.run.budget.spend(4 + (args.length >> 1));
    for (const arg of args) if (Array.isArray(arg)) call.run.budget.spend(arg.length >> 3);
    return implementation(validated(name, definition, args, call), call);
  });
}

/** A built-in that JSONata's own code carries out. @param charge throws when the budget does not reach */
export function fromLibrary(name: string, charge: (args: readonly unknown[], run: Run) => void): Native {
  const { implementation } = definitionOf(name);
  return native(name, (args, { run, input }) => {
    // None of them ends with a number that is none.
    for (const arg of args)
      if (typeof arg === "number" && !Number.isFinite(arg)) throw new ExpressionError("a number is out of range");
    charge(args, run);
    const environment = { timestamp: new Date(run.now) };
    try {
      return implementation.apply({ environment, input, createSequence: () => newSequence(run) }, [...args]);
    } catch (error) {
      throw failureOf(name, error);
    }
  });
}

function definitionOf(name: string): Definition {
  const definition = defined.get(name);
  if (definition === undefined) throw new Error(`JSONata has no $${name}`);
  return definition;
}

const isLong = (value: unknown): boolean => typeof value === "bigint";
const nullIfLong = (value: unknown): unknown => (isLong(value) ? null : value);

function validated(name: string, { signature }: Definition, args: readonly unknown[], { input }: Call): unknown[] {
  try {
    // A signature takes a whole number beyond 2^53 for a missing argument. Only where it takes anything, null too, may one stand.
    if (isLong(input) || args.some(isLong)) signature.validate(args.map(nullIfLong), nullIfLong(input));
    return signature.validate(args, input);
  } catch (error) {
    throw failureOf(name, error);
  }
}

/** JSONata throws plain objects with a code: https://github.com/jsonata-js/jsonata, errorCodes. */
function failureOf(name: string, error: unknown): unknown {
  if (error instanceof ExpressionError || error instanceof RangeError) return error;
  // A missing argument where JSONata's code expects one.
  if (error instanceof Error || typeof error !== "object" || error === null)
    return new ExpressionError(`$${name} fails with these arguments`);
  const { code, index, message } = error as { code?: unknown; index?: unknown; message?: unknown };
  if (typeof message === "string") return new ExpressionError(message);
  if (String(code).startsWith("T041"))
    return new ExpressionError(`argument ${String(index)} of $${name} does not match the function's signature`);
  return new ExpressionError(`$${name} fails with these arguments (${String(code)})`);
}
