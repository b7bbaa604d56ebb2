// Compiles a configured filter and refuses unknown syntax. The grammar is Hookdeck's (npm simple-json-match), with `$regex` and
// Convoy's dotted paths. docs/filters.md describes it in full.
import { MAX_FILTER_BYTES, MAX_FILTER_CLAUSES, MAX_FILTER_DEPTH, MAX_PATTERN_PROGRAM } from "../config/limits.ts";
import { utf8 } from "../kernel/bytes.ts";
import { isObject } from "../kernel/json-object.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { COMPARISONS, PARTS, type Comparison, type CompiledFilter, type Condition, type Node } from "./filter-nodes.ts";
import { compilePattern } from "./pattern.ts";
import { parseReference, type Reference } from "./reference.ts";

/** A fault in the configuration. */
export interface Fault {
  /** JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly detail: string;
}

/** Carries the first fault out of the recursion; never leaves this file. */
class Refused extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(fault.detail);
    this.fault = fault;
  }
}

const refuse = (pointer: string, detail: string): never => {
  throw new Refused({ pointer, detail });
};

export const pointerTo = (pointer: string, key: string | number): string =>
  `${pointer}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;

/**
 * @param missingMatchesNot whether `$not` of a field is met where the field is missing; false as in Hookdeck's matcher
 * @param pointer of the filter within the request body
 */
export function compileFilter(
  filter: unknown,
  missingMatchesNot = true,
  pointer = "/filter",
): Result<CompiledFilter, Fault> {
  try {
    // Before JSON.stringify, which recurses: a client may nest a filter as deep as it likes.
    checkDepth(filter, pointer);
    if (!isObject(filter)) return refuse(pointer, `must be an object of ${PARTS.join(", ")}`);
    const size = utf8(
      JSON.stringify(filter, (_key, value: unknown) => (typeof value === "bigint" ? Number(value) : value)),
    );
    if (size.byteLength > MAX_FILTER_BYTES) refuse(pointer, `must have at most ${MAX_FILTER_BYTES} bytes`);
    const compiler = new Compiler(missingMatchesNot);
    const condition = compiler.condition(filter, pointer);
    return ok({ condition, readsBody: compiler.readsBody });
  } catch (error) {
    if (error instanceof Refused) return err(error.fault);
    throw error;
  }
}

/** Level by level, without recursion. */
function checkDepth(filter: unknown, pointer: string): void {
  let level: { value: unknown; pointer: string }[] = [{ value: filter, pointer }];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_FILTER_DEPTH)
      refuse(level[0]?.pointer ?? pointer, `is nested deeper than ${MAX_FILTER_DEPTH} levels`);
    level = level.flatMap(({ value, pointer: parent }) =>
      typeof value === "object" && value !== null
        ? Object.entries(value).map(([key, child]) => ({ value: child as unknown, pointer: pointerTo(parent, key) }))
        : [],
    );
  }
}

class Compiler {
  readsBody = false;
  readonly #missingMatchesNot: boolean;
  #clauses = 0;
  /** Instructions left for further patterns. */
  #program = MAX_PATTERN_PROGRAM;
  /** Header names are compared in lower case. */
  #headers = false;

  constructor(missingMatchesNot: boolean) {
    this.#missingMatchesNot = missingMatchesNot;
  }

  condition(filter: unknown, pointer: string): Condition {
    this.#count(pointer);
    if (!isObject(filter)) return refuse(pointer, `must be an object of ${PARTS.join(", ")}`);
    const conditions = Object.entries(filter).flatMap(([key, value]): Condition[] => {
      const at = pointerTo(pointer, key);
      if (key === "$not") return [{ kind: "not", condition: this.condition(value, at) }];
      if (key === "$or" || key === "$and") {
        const alternatives = requireList(value, at).map((item, index) => this.condition(item, pointerTo(at, index)));
        return [{ kind: key === "$or" ? "any" : "every", conditions: alternatives }];
      }
      const part = PARTS.find((name) => name === key);
      if (part === undefined) return refuse(at, `is not one of ${PARTS.join(", ")}, $or, $and, $not`);
      // Hookdeck stores null or {} for a part without conditions.
      if (value === null || (isObject(value) && Object.keys(value).length === 0)) return [];
      if (part === "body") this.readsBody = true;
      this.#headers = part === "headers";
      return [{ kind: "part", part, node: this.#node(value, at, part === "headers") }];
    });
    return conditions.length === 1 && conditions[0] !== undefined ? conditions[0] : { kind: "every", conditions };
  }

  /** @param names whether the keys are header names */
  #node(schema: unknown, pointer: string, names = false): Node {
    this.#count(pointer);
    if (Array.isArray(schema)) {
      return { kind: "has_all", nodes: schema.map((item, index) => this.#node(item, pointerTo(pointer, index))) };
    }
    if (!isObject(schema)) return { kind: "is", value: scalar(schema, pointer) };
    const own: Node[] = [];
    const members: Node[] = [];
    for (const [key, value] of Object.entries(schema)) {
      const at = pointerTo(pointer, key);
      if (key === "$or" || key === "$and") {
        const nodes = requireList(value, at).map((item, index) => this.#node(item, pointerTo(at, index), names));
        members.push({ kind: key === "$or" ? "any" : "every", nodes });
      } else if (key === "$not")
        own.push({ kind: "not", node: this.#node(value, at, names), ofMissing: this.#missingMatchesNot });
      else if (key.startsWith("$.")) own.push(this.#fromRoot(key, value, at));
      else if (key.startsWith("$")) own.push(this.#operator(key, value, at));
      else members.push(this.#field(names ? key.toLowerCase() : key, value, at));
    }
    if (own.length === 0 && members.length === 0) members.push({ kind: "object" });
    if (own.length === 0 && members.length === 1 && members[0]?.kind === "any") return members[0];
    if (own.length === 1 && members.length === 0 && own[0] !== undefined) return own[0];
    return { kind: "group", own, members };
  }

  #field(key: string, value: unknown, pointer: string): Node {
    const segments = key.split(".");
    const dotted = segments.length > 1 && !segments.includes("");
    if (dotted) checkSteps(segments, pointer);
    const node = this.#node(value, pointer);
    return { kind: "field", key, node, path: dotted ? alongPath(segments, node) : null };
  }

  /** `$.name`: the value itself is an array. */
  #fromRoot(key: string, value: unknown, pointer: string): Node {
    const segments = key.split(".");
    if (segments.includes("")) refuse(pointer, "has an empty step");
    checkSteps(segments, pointer);
    return alongPath(segments, this.#node(value, pointer));
  }

  #operator(operator: string, operand: unknown, pointer: string): Node {
    this.#count(pointer);
    if (operator === "$regex") {
      if (typeof operand !== "string") return { kind: "never", operator };
      const pattern = compilePattern(operand, this.#program);
      if (!pattern.ok) return refuse(pointer, pattern.error);
      this.#program -= pattern.value.size;
      return { kind: "regex", source: operand, pattern: pattern.value };
    }
    if (operator === "$ref") {
      return typeof operand === "string"
        ? { kind: "ref", reference: this.#reference(operand, pointer) }
        : { kind: "never", operator };
    }
    const known = COMPARISONS.find((name) => name === operator);
    if (known === undefined)
      return refuse(pointer, `is not an operator: use one of ${COMPARISONS.join(" ")} $regex $or $and $not $ref`);
    if (isObject(operand) && "$ref" in operand) {
      const target = operand["$ref"];
      const at = pointerTo(pointer, "$ref");
      return typeof target === "string"
        ? { kind: "compare_ref", operator: known, reference: this.#reference(target, at) }
        : { kind: "never", operator };
    }
    checkNumbers(operand, pointer);
    return comparable(known, operand) ? { kind: "compare", operator: known, operand } : { kind: "never", operator };
  }

  #reference(text: string, pointer: string): Reference {
    const reference = parseReference(text);
    if (!reference.ok) return refuse(pointer, reference.error);
    const [first, ...rest] = reference.value;
    return this.#headers && typeof first === "string" ? [first.toLowerCase(), ...rest] : reference.value;
  }

  #count(pointer: string): void {
    this.#clauses += 1;
    if (this.#clauses > MAX_FILTER_CLAUSES) refuse(pointer, `is beyond the ${MAX_FILTER_CLAUSES} clauses of a filter`);
  }
}

function checkSteps(segments: readonly string[], pointer: string): void {
  if (segments.length > MAX_FILTER_DEPTH) refuse(pointer, `has more than ${MAX_FILTER_DEPTH} steps`);
}

const alongPath = (segments: readonly string[], end: Node): Node =>
  segments.reduceRight<Node>(
    (node, segment) => (segment === "$" ? { kind: "element", node } : { kind: "step", key: segment, node }),
    end,
  );

const requireList = (value: unknown, pointer: string): readonly unknown[] =>
  Array.isArray(value) ? value : refuse(pointer, "must be a list of conditions");

function scalar(value: unknown, pointer: string): string | number | boolean | null {
  checkNumbers(value, pointer);
  return value as string | number | boolean | null;
}

/** JSON parsers round whole numbers beyond 2^53, so such a literal may not be the intended one. */
function checkNumbers(value: unknown, pointer: string): void {
  if (
    typeof value === "bigint" ||
    (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value))
  )
    refuse(pointer, "is too large to be compared exactly: write it as a string of digits");
  if (typeof value === "object" && value !== null)
    for (const [key, child] of Object.entries(value)) checkNumbers(child, pointerTo(pointer, key));
}

/** Whether an operator accepts this operand. */
export function comparable(operator: Comparison, operand: unknown): boolean {
  const text = typeof operand === "string";
  switch (operator) {
    case "$eq":
    case "$neq":
      return operand !== undefined;
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte":
      return text || typeof operand === "number" || typeof operand === "bigint";
    case "$in":
    case "$nin":
      return text || (Array.isArray(operand) && operand.every((item) => typeof item !== "object" || item === null));
    case "$startsWith":
    case "$endsWith":
      return text || (Array.isArray(operand) && operand.every((item) => typeof item === "string"));
    case "$exist":
      return typeof operand === "boolean";
  }
}
