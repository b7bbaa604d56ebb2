// JSONata's own functions that could take long or much in a single step, behind a look at their arguments. Those that
// compile text (`$eval`) or make regular expressions of JavaScript's (pictures for parsing) are not there.
import jsonata from "jsonata";
import { MAX_TRANSFORM_VALUE } from "../config/limits.ts";
import { measureSize } from "./measure-size.ts";

type Native = (this: unknown, ...args: unknown[]) => unknown;

interface Guarded {
  readonly name: string;
  readonly signature: string;
  readonly implementation: Native;
}

const MAX_DISTINCT = 2_000;

const refuse = (message: string): never => {
  throw new Error(message);
};

/** The function as JSONata brings it: an expression that names it gives it. */
const originals = new Map<string, Promise<Native>>();

function original(name: string): Promise<Native> {
  const known = originals.get(name);
  if (known !== undefined) return known;
  const found = jsonata(`$${name}`)
    .evaluate(null)
    .then((value: unknown) => (value as { implementation: Native }).implementation);
  originals.set(name, found);
  return found;
}

const guarded = (name: string, signature: string, check: (...args: never[]) => void): Guarded => ({
  name,
  signature,
  async implementation(...args) {
    check(...(args as never[]));
    return (await original(name)).apply(this, args);
  },
});

const bounded = (size: number): void => {
  if (size > MAX_TRANSFORM_VALUE) refuse(`a value grows beyond ${MAX_TRANSFORM_VALUE} characters`);
};
const isBounded = (value: unknown): void => void measureSize(value, new WeakMap(), MAX_TRANSFORM_VALUE);

export const guardedFunctions: readonly Guarded[] = [
  guarded("string", "<x-b?:s>", isBounded),
  guarded("clone", "<(oa)-:o>", isBounded),
  guarded("join", "<a<s>s?:s>", (list: readonly string[] | undefined, separator = "") => {
    bounded((list ?? []).reduce((sum, item) => sum + item.length + separator.length, 0));
  }),
  guarded("pad", "<s-ns?:s>", (text: string | undefined, width: number, fill = " ") => {
    bounded((text?.length ?? 0) + Math.abs(width) * Math.max(1, fill.length));
  }),
  guarded("distinct", "<x:x>", (list: unknown) => {
    if (Array.isArray(list) && list.length > MAX_DISTINCT) refuse(`$distinct takes ${MAX_DISTINCT} items at most`);
    isBounded(list);
  }),
  guarded("toMillis", "<s-s?:n>", (_text: unknown, picture?: string) => {
    if (picture !== undefined) refuse("$toMillis takes ISO 8601 only, no picture");
  }),
  guarded("eval", "<sx?:x>", () => refuse("there is no $eval here")),
  guarded("parseInteger", "<s-s:n>", () => refuse("there is no $parseInteger here: use $number")),
];
