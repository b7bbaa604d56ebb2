// Explains in one line which clause of a filter an event failed. Values of fields that look like secrets are left out.
import { MAX_CLAUSE_LENGTH } from "../config/limits.ts";
import type { Budget } from "./filter-compare.ts";
import {
  buildContext,
  fieldOf,
  holds,
  matches,
  meets,
  newBudget,
  opened,
  splitByIndex,
  type Context,
  type Views,
} from "./filter-match.ts";
import type { CompiledFilter, Condition, Node } from "./filter-nodes.ts";
import { resolve } from "./reference.ts";

const SECRET = /auth|cookie|token|secret|passw|signature|api[-_]?key|hmac|credential/i;
const MAX_SHOWN = 60;

/**
 * Null when the request meets the filter; otherwise the first clause that it failed, such as `body.type: expected "paid", got "open"`.
 * Matching and explaining share one budget.
 */
export function failedClause(filter: CompiledFilter, views: Views): string | null {
  const budget = newBudget();
  if (matches(filter, views, budget)) return null;
  if (budget.exhausted) return "the event is too large or too deeply nested for this filter";
  const text = explainCondition(filter.condition, views, budget);
  return cut(text === null || budget.exhausted ? "the filter does not match" : text, MAX_CLAUSE_LENGTH);
}

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);

function explainCondition(condition: Condition, views: Views, budget: Budget): string | null {
  if (holds(condition, views, budget) === true) return null;
  switch (condition.kind) {
    case "part": {
      const view = views(condition.part);
      return view.unreadable === null
        ? explainNode(condition.node, view.value, condition.part, buildContext(view, budget))
        : `${condition.part}: ${view.unreadable}`;
    }
    case "every":
      return firstReason(condition.conditions, (each) => explainCondition(each, views, budget));
    case "any": {
      return explainNone(condition.conditions, (each) => explainCondition(each, views, budget));
    }
    case "not":
      return holds(condition.condition, views, budget) === null
        ? explainCondition(condition.condition, views, budget)
        : "$not: its condition is met";
  }
}

function explainNone<T>(items: readonly T[], reason: (item: T) => string | null): string {
  const first = items[0] === undefined ? null : reason(items[0]);
  return items.length === 1
    ? (first ?? "$or")
    : `$or: none of ${items.length} is met, the first by ${first ?? "itself"}`;
}

function firstReason<T>(items: readonly T[], reason: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = reason(item);
    if (found !== null) return found;
  }
  return null;
}

function explainNode(node: Node, value: unknown, path: string, context: Context): string | null {
  if (meets(node, value, context)) return null;
  const inside = opened(node, value, context);
  if (inside !== null) return explainNode(node, inside.value, path, inside.context);
  const secret = SECRET.test(path.slice(path.lastIndexOf(".") + 1));
  const got = secret ? "got another value" : `got ${show(value)}`;
  const expected = (what: unknown): string => (secret ? "a certain value" : show(what));
  switch (node.kind) {
    case "is":
      return `${path}: expected ${expected(node.value)}, ${got}`;
    case "has_all": {
      if (!Array.isArray(value)) return `${path}: expected an array, ${got}`;
      const missing = node.nodes.find((each) => !meets({ kind: "has_all", nodes: [each] }, value, context));
      return `${path}: no element is ${secret || missing === undefined ? "as expected" : describe(missing)}`;
    }
    case "compare":
      return node.operator === "$exist"
        ? `${path}: expected ${node.operand === true ? "to exist" : "not to exist"}`
        : `${path}: expected ${node.operator} ${expected(node.operand)}, ${got}`;
    case "compare_ref":
      return `${path}: expected ${node.operator} ${expected(resolve(context.root, node.reference, context.indexes) ?? null)} (by $ref), ${got}`;
    case "ref":
      return `${path}: expected ${expected(resolve(context.root, node.reference, context.indexes) ?? null)} (by $ref), ${got}`;
    case "regex":
      return `${path}: expected to match ${expected(node.source)}, ${got}`;
    case "not":
      return `${path}: expected $not ${secret ? "a certain value" : describe(node.node)}, ${got}`;
    case "any":
      return explainNone(node.nodes, (each) => explainNode(each, value, path, context));
    case "every":
      return Array.isArray(value)
        ? explainElements(node, value, path, context)
        : firstReason(node.nodes, (each) => explainNode(each, value, path, context));
    case "object":
      return `${path}: expected an object, ${got}`;
    case "field": {
      const own = fieldOf(value, node.key);
      if (own === undefined && node.path !== null) return explainNode(node.path, value, path, context);
      return own === undefined && (typeof value !== "object" || value === null)
        ? `${path}: expected an object with ${node.key}, ${got}`
        : explainNode(node.node, own, `${path}.${node.key}`, context);
    }
    case "step":
      if (Array.isArray(value) && !/^\d+$/.test(node.key)) return explainElements(node, value, path, context);
      return explainNode(node.node, fieldOf(value, node.key), `${path}.${node.key}`, context);
    case "element":
      return Array.isArray(value)
        ? explainElements(node.node, value, path, context)
        : `${path}: expected an array, ${got}`;
    case "group": {
      const own = firstReason(node.own, (each) => explainNode(each, value, path, context));
      if (own !== null) return own;
      if (!Array.isArray(value)) return firstReason(node.members, (each) => explainNode(each, value, path, context));
      const { whole, each: members } = splitByIndex(node.members, value, context.budget);
      return (
        firstReason(whole, (each) => explainNode(each, value, path, context)) ??
        explainElements({ kind: "group", own: [], members }, value, path, context)
      );
    }
    case "never":
      return `${path}: ${node.operator} cannot compare with a value of this type`;
  }
}

/** For one element, its own reason; for several, only that none matches. */
function explainElements(node: Node, elements: readonly unknown[], path: string, context: Context): string {
  // Not into nested arrays: the sender decides how deep they are, so recursion must not follow them.
  if (elements.length === 1 && !Array.isArray(elements[0]))
    return explainNode(node, elements[0], `${path}[0]`, context) ?? path;
  return `${path}: none of ${elements.length} elements matches`;
}

function describe(node: Node): string {
  switch (node.kind) {
    case "is":
      return show(node.value);
    case "compare":
      return `${node.operator} ${show(node.operand)}`;
    case "regex":
      return `$regex ${show(node.source)}`;
    default:
      return "as described";
  }
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) {
    const scalars = value.length <= 8 && value.every((item) => typeof item !== "object" || item === null);
    return scalars ? cut(`[${value.map(show).join(", ")}]`, MAX_SHOWN) : `an array of ${value.length}`;
  }
  if (typeof value === "object" && value !== null) return "an object";
  return cut(JSON.stringify(typeof value === "string" ? value.slice(0, MAX_SHOWN + 1) : value), MAX_SHOWN);
}
