// JSONata's own implementations of the synchronous functions, and the signatures of all functions. Before each call, the most that it can
// use with its arguments is charged.
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

/** A built-in with JSONata's signature: the context may replace a missing argument, and a single value may replace an array. */
export function native(name: string, implementation: Implementation): Native {
  const definition = definitionOf(name);
  return new Native(name, definition.implementation.length, (args, call) => {
    // JSONata checks a signature with a regular expression over the types of the arguments and of the items of arrays.
    call.run.budget.spend(4 + (args.length >> 1));
    for (const arg of args) if (Array.isArray(arg)) call.run.budget.spend(arg.length >> 3);
    return implementation(validated(name, definition, args, call), call);
  });
}

/** A built-in that JSONata implements. @param charge throws if the budget is exceeded */
export function fromLibrary(name: string, charge: (args: readonly unknown[], run: Run) => void): Native {
  const { implementation } = definitionOf(name);
  return native(name, (args, { run, input }) => {
    // Numbers that are not finite are refused, as everywhere in an expression.
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
    // To a signature, a bigint looks like a missing argument. So it is checked as null, which only arguments of any type accept.
    if (isLong(input) || args.some(isLong)) signature.validate(args.map(nullIfLong), nullIfLong(input));
    return signature.validate(args, input);
  } catch (error) {
    throw failureOf(name, error);
  }
}

/** JSONata throws plain objects with a code: https://github.com/jsonata-js/jsonata, errorCodes. */
function failureOf(name: string, error: unknown): unknown {
  if (error instanceof ExpressionError || error instanceof RangeError) return error;
  // JSONata's code failed on an argument that is missing.
  if (error instanceof Error || typeof error !== "object" || error === null)
    return new ExpressionError(`$${name} fails with these arguments`);
  const { code, index, message } = error as { code?: unknown; index?: unknown; message?: unknown };
  if (typeof message === "string") return new ExpressionError(message);
  if (String(code).startsWith("T041"))
    return new ExpressionError(`argument ${String(index)} of $${name} does not match the function's signature`);
  return new ExpressionError(`$${name} fails with these arguments (${String(code)})`);
}
