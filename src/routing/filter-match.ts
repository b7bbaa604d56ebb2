// Matches a request with a compiled filter. Pure. Never throws, recurses at most as deep as the filter plus MAX_VALUE_DEPTH, and takes at
// most MAX_FILTER_STEPS: beyond that there is no match.
import { MAX_FILTER_STEPS, MAX_VALUE_DEPTH } from "../config/limits.ts";
import { isObject } from "../kernel/json-object.ts";
import { parseExact } from "./exact-json.ts";
import { compare, equal, spend, type Budget } from "./filter-compare.ts";
import type { CompiledFilter, Condition, Node, Part } from "./filter-nodes.ts";
import { resolve } from "./reference.ts";

/** One part of a request as filters see it. */
export interface View {
  /** Undefined when the part is missing. */
  readonly value: unknown;
  /** All its values are text. */
  readonly textual: boolean;
  /** Why it could not be read, in which case no clause about it is met; otherwise null. */
  readonly unreadable: string | null;
}

/** The parts of a request; the body is read only when a clause needs it. */
export type Views = (part: Part) => View;

export interface Context {
  readonly root: unknown;
  readonly textual: boolean;
  /** Shared by all parts of one filter. */
  readonly budget: Budget;
  /** The indexes of the array elements that enclose the comparison. */
  readonly indexes: number[];
}

export const newBudget = (): Budget => ({
  steps: MAX_FILTER_STEPS,
  exhausted: false,
  names: new WeakMap(),
  opened: new Map(),
});

export const buildContext = (view: View, budget: Budget): Context => ({
  root: view.value,
  textual: view.textual,
  budget,
  indexes: [],
});

export function matches(filter: CompiledFilter, views: Views, budget: Budget = newBudget()): boolean {
  const met = holds(filter.condition, views, budget);
  // An undecided condition must not make its negation match.
  return met === true && !budget.exhausted;
}

/** Null when an unreadable part leaves it undecided. */
export function holds(condition: Condition, views: Views, budget: Budget): boolean | null {
  switch (condition.kind) {
    case "part": {
      const view = views(condition.part);
      return view.unreadable === null ? meets(condition.node, view.value, buildContext(view, budget)) : null;
    }
    case "not": {
      const met = holds(condition.condition, views, budget);
      return met === null ? null : !met;
    }
    case "any":
    case "every": {
      const decisive = condition.kind === "any";
      let open = false;
      for (const each of condition.conditions) {
        const met = holds(each, views, budget);
        if (met === decisive) return decisive;
        open ||= met === null;
      }
      return open ? null : !decisive;
    }
  }
}

export const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;

/** @param value undefined when the field is missing */
export function meets(node: Node, value: unknown, context: Context): boolean {
  if (!spend(context.budget, 1)) return false;
  const inside = opened(node, value, context);
  if (inside !== null) return meets(node, inside.value, inside.context);
  switch (node.kind) {
    case "is":
      return Array.isArray(value)
        ? some(value, context, (element) => meets(node, element, context))
        : equal(value, node.value, context.textual, context.budget);
    case "has_all":
      return (
        Array.isArray(value) &&
        node.nodes.every((each) => some(value, context, (element) => meets(each, element, context)))
      );
    case "compare":
      return compare(node.operator, value, node.operand, context.textual, context.budget);
    case "compare_ref": {
      if (!spend(context.budget, node.reference.length)) return false;
      const operand = resolve(context.root, node.reference, context.indexes) ?? null;
      return compare(node.operator, value, operand, context.textual, context.budget);
    }
    case "regex":
      return (
        typeof value === "string" &&
        spend(context.budget, 1 + (value.length * node.pattern.size) / 2) &&
        node.pattern.matches(value)
      );
    case "ref":
      if (!spend(context.budget, node.reference.length)) return false;
      return equalsField(value, resolve(context.root, node.reference, context.indexes) ?? null, context);
    case "not":
      return (value !== undefined || node.ofMissing) && !meets(node.node, value, context);
    case "any":
      return node.nodes.some((each) => meets(each, value, context));
    case "every":
      return Array.isArray(value)
        ? some(value, context, (element) => meets(node, element, context))
        : node.nodes.every((each) => meets(each, value, context));
    case "object":
      return isObject(value) || (Array.isArray(value) && some(value, context, (each) => meets(node, each, context)));
    case "field": {
      if (!isObject(value)) return false;
      const own = fieldOf(value, node.key);
      return own === undefined && node.path !== null
        ? meets(node.path, value, context)
        : meets(node.node, own, context);
    }
    case "step":
      if (Array.isArray(value) && !/^\d+$/.test(node.key))
        return some(value, context, (element) => meets(node, element, context));
      return meets(node.node, fieldOf(value, node.key), context);
    case "element":
      return Array.isArray(value) && some(value, context, (element) => meets(node.node, element, context));
    case "group":
      return node.own.every((each) => meets(each, value, context)) && meetsMembers(node.members, value, context);
    case "never":
      return false;
  }
}

/**
 * Some senders put JSON into a field of a form. Where the filter goes on below such a text, it is read: the object or array in it, and the
 * context for it. Null for everything else.
 */
export function opened(
  node: Node,
  value: unknown,
  context: Context,
): { readonly value: object; readonly context: Context } | null {
  if (!context.textual || typeof value !== "string" || !goesBelow(node) || !/^\s*[[{]/.test(value)) return null;
  const { budget } = context;
  if (!budget.opened.has(value)) {
    // The objects and arrays take more memory than their text: about as many can be read as in a body.
    if (!spend(budget, (value.length >> 3) + 6 * (value.match(/[[{]/g)?.length ?? 0))) return null;
    budget.opened.set(value, parsed(value));
  }
  const json = budget.opened.get(value);
  return typeof json === "object" && json !== null ? { value: json, context: { ...context, textual: false } } : null;
}

function goesBelow(node: Node): boolean {
  switch (node.kind) {
    case "field":
    case "step":
    case "element":
    case "has_all":
      return true;
    case "group":
      return node.own.length === 0 && node.members.length > 0;
    default:
      return false;
  }
}

function parsed(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    // Not JSON, or nested too deep.
    return null;
  }
}

function meetsMembers(members: readonly Node[], value: unknown, context: Context): boolean {
  if (!Array.isArray(value)) return members.every((each) => meets(each, value, context));
  const { whole, each } = splitByIndex(members, value, context.budget);
  return (
    whole.every((one) => meets(one, value, context)) &&
    (each.length === 0 || some(value, context, (element) => meetsMembers(each, element, context)))
  );
}

interface SplitMembers {
  /** About the array: their keys begin with the index of an element. */
  readonly whole: readonly Node[];
  /** About one of its elements. */
  readonly each: readonly Node[];
}

/** Members of a filter on an array, those inside of `$and` and `$or` too. */
export function splitByIndex(members: readonly Node[], elements: readonly unknown[], budget: Budget): SplitMembers {
  const whole: Node[] = [];
  const each: Node[] = [];
  for (const member of members) {
    const path = pathByIndex(member, elements, budget);
    if (path !== null) whole.push(path);
    else if (member.kind === "every" || (member.kind === "group" && member.own.length === 0)) {
      const inner = splitByIndex(member.kind === "every" ? member.nodes : member.members, elements, budget);
      whole.push(...inner.whole);
      // One without conditions asks for an element.
      if (inner.each.length > 0 || inner.whole.length === 0)
        each.push(
          member.kind === "every"
            ? { kind: "every", nodes: inner.each }
            : { kind: "group", own: [], members: inner.each },
        );
    } else if (member.kind === "any" && isAboutWhole(member.nodes, elements, budget)) whole.push(member);
    else each.push(member);
  }
  return { whole, each };
}

const isAboutWhole = (nodes: readonly Node[], elements: readonly unknown[], budget: Budget): boolean =>
  nodes.length > 0 && nodes.every((node) => splitByIndex([node], elements, budget).each.length === 0);

/**
 * The path of a key that begins with a number: it names the element of an array at that index. Null for any other key, and where an
 * element has a field of exactly that name.
 */
function pathByIndex(node: Node, elements: readonly unknown[], budget: Budget): Node | null {
  if (node.kind !== "field" || !/^\d+(\.|$)/.test(node.key) || !spend(budget, elements.length)) return null;
  return elements.some((element) => fieldOf(element, node.key) !== undefined)
    ? null
    : (node.path ?? { kind: "step", key: node.key, node: node.node });
}

/** Whether a value equals that of another field, or is an array that contains it. */
function equalsField(value: unknown, wanted: unknown, context: Context): boolean {
  if (value === undefined) return false;
  if (equal(value, wanted, context.textual, context.budget)) return true;
  return (
    Array.isArray(value) && some(value, context, (element) => equal(element, wanted, context.textual, context.budget))
  );
}

/** Tracks the element's index, for `$index` in references, and the nesting of arrays. */
function some(elements: readonly unknown[], context: Context, test: (element: unknown) => boolean): boolean {
  if (context.indexes.length >= MAX_VALUE_DEPTH) {
    context.budget.exhausted = true;
    return false;
  }
  context.indexes.push(0);
  const found = elements.some((element, index) => {
    context.indexes[context.indexes.length - 1] = index;
    return test(element);
  });
  context.indexes.pop();
  return found;
}
