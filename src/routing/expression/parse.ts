// Reads an expression with JSONata's parser and refuses what cannot be bounded, when it is saved.
import jsonata from "jsonata";
import { MAX_EXPRESSION_DOTS, MAX_EXPRESSION_NODES, MAX_PATTERN_PROGRAM } from "../../config/limits.ts";
import { isExact } from "../../kernel/inexact-numbers.ts";
import { compilePattern, type Pattern } from "../pattern.ts";
import { ExpressionError } from "./expression-error.ts";
import type { Node } from "./tree.ts";

export interface Parsed {
  readonly tree: Node;
  /** The regular expressions in it, compiled. */
  readonly patterns: ReadonlyMap<RegExp, Pattern>;
}

/** Throws an `ExpressionError`, or JSONata's plain object with a message and a position. */
export function parse(source: string): Parsed {
  // The parser examines all steps of a path again for each step that follows.
  if (source.split(".").length > MAX_EXPRESSION_DOTS)
    throw new ExpressionError(`it has more than ${MAX_EXPRESSION_DOTS} dots`);
  refuseGrowth(source);
  const tree = parseTree(source);
  const patterns = new Map<RegExp, Pattern>();
  let left = MAX_PATTERN_PROGRAM;
  forEachNode(tree, (node) => {
    refuse(node, source);
    const { value } = node;
    if (value instanceof RegExp && !patterns.has(value)) {
      const compiled = compilePattern(value, left);
      if (!compiled.ok) throw new ExpressionError(`the regular expression ${compiled.error}`, node.position);
      left -= compiled.value.size;
      patterns.set(value, compiled.value);
    }
  });
  return { tree, patterns };
}

const parseTree = (source: string): Node => jsonata(source).ast() as unknown as Node;

/** Any node, as the checks see it. */
interface AnyNode {
  readonly type?: unknown;
  readonly value?: unknown;
  readonly position: number | null;
  readonly [field: string]: unknown;
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function forEachNode(root: unknown, visit: (node: AnyNode) => void): void {
  const seen = new Set<unknown>();
  const open: unknown[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node !== "object" || node === null || seen.has(node)) continue;
    seen.add(node);
    if (isNode(node)) visit(node);
    open.push(...Object.values(node).filter((child) => child !== undefined));
  }
}

/** A number at the end of a text, as JSONata reads it. */
const NUMBER = /(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

const ABSENT: Readonly<Record<string, string>> = {
  eval: "there is no $eval here",
  parseInteger: "there is no $parseInteger here: use $number",
};

function refuse({ type, value, signature, position, procedure, ...node }: AnyNode, source: string): void {
  // A node's position is where it ends; a number has at most some hundred digits before it is out of range.
  const end = Number(position);
  const literal = type === "number" ? NUMBER.exec(source.slice(Math.max(0, end - 400), end))?.[0] : undefined;
  if (literal !== undefined && !isExact(literal))
    throw new ExpressionError(`the number ${literal} cannot be represented exactly`, position);
  if (type === "variable" && typeof value === "string" && Object.hasOwn(ABSENT, value))
    throw new ExpressionError(ABSENT[value] ?? "", position);
  // JSONata compiles a signature to a JavaScript regular expression, which may backtrack without a bound.
  if (type === "lambda" && signature !== undefined)
    throw new ExpressionError("functions cannot have a <signature>", position);
  const called = procedure as AnyNode | undefined;
  if (called?.type === "variable" && called.value === "toMillis" && (node["arguments"] as unknown[]).length > 1)
    throw new ExpressionError("$toMillis takes ISO 8601 only, no picture", position);
}

/**
 * The parser copies the left side of `??` and `?:`. Each one within the left side of another doubles the tree, and thirty of them exhaust
 * the isolate's memory while it parses. So the text is first parsed with `~>`, which has the same length and precedence, in their place,
 * and the size that the real tree would have is computed from the result.
 */
function refuseGrowth(source: string): void {
  const ends = new Set([...source.matchAll(/\?\?|\?:/g)].map(({ index }) => index + 2));
  if (ends.size < 2) return;
  const isDefault = (node: unknown): node is AnyNode =>
    isNode(node) && node.type === "apply" && ends.has(node.position ?? -1);
  const sizeOf = (node: unknown): number => {
    if (typeof node !== "object" || node === null) return 0;
    const { lhs, ...rest } = node as AnyNode;
    const size = Object.values(rest).reduce<number>((sum, child) => sum + sizeOf(child), 1);
    return size + (isDefault(node) ? copiedSizeOf(lhs) : sizeOf(lhs));
  };
  // In `a ?? b ?? c` the operators associate to the right: each operand but the last is a left side.
  const copiedSizeOf = (left: unknown): number =>
    isDefault(left) ? 2 * sizeOf(left["rhs"]) + copiedSizeOf(left["lhs"]) : 2 * sizeOf(left);
  if (sizeOf(parseTree(source.replaceAll(/\?\?|\?:/g, "~>"))) > MAX_EXPRESSION_NODES)
    throw new ExpressionError("it has too many ?? and ?: within the left sides of others: give values a name first");
}
