// A compiled filter: the conditions on each part of a request. Data only; `filter-match.ts` evaluates it.
import type { Pattern } from "./pattern.ts";
import type { Reference } from "./reference.ts";

export const PARTS = ["headers", "body", "query", "path"] as const;
export type Part = (typeof PARTS)[number];

type Scalar = string | number | boolean | null;

export const COMPARISONS = [
  "$eq",
  "$neq",
  "$gt",
  "$gte",
  "$lt",
  "$lte",
  "$in",
  "$nin",
  "$startsWith",
  "$endsWith",
  "$exist",
] as const;
export type Comparison = (typeof COMPARISONS)[number];

export type Node =
  | { readonly kind: "is"; readonly value: Scalar }
  /** Each of `nodes` is met by some element. */
  | { readonly kind: "has_all"; readonly nodes: readonly Node[] }
  | { readonly kind: "compare"; readonly operator: Comparison; readonly operand: unknown }
  | { readonly kind: "compare_ref"; readonly operator: Comparison; readonly reference: Reference }
  | { readonly kind: "regex"; readonly source: string; readonly pattern: Pattern }
  | { readonly kind: "ref"; readonly reference: Reference }
  /** `ofMissing`: whether a missing value can meet it. */
  | { readonly kind: "not"; readonly node: Node; readonly ofMissing: boolean }
  | { readonly kind: "any"; readonly nodes: readonly Node[] }
  | { readonly kind: "every"; readonly nodes: readonly Node[] }
  | { readonly kind: "object" }
  /** `path` applies when the key contains dots and there is no field of exactly that name. */
  | { readonly kind: "field"; readonly key: string; readonly node: Node; readonly path: Node | null }
  /** A step of a dotted path: in an array it applies to each element, and a missing field counts as undefined. */
  | { readonly kind: "step"; readonly key: string; readonly node: Node }
  /** The `$` of a dotted path: some element of an array. */
  | { readonly kind: "element"; readonly node: Node }
  /** `own` applies to the value itself; `members` all apply to the value or, in an array, to one element. */
  | { readonly kind: "group"; readonly own: readonly Node[]; readonly members: readonly Node[] }
  /** An operand that its operator cannot compare with: never a match, but no error. */
  | { readonly kind: "never"; readonly operator: string };

export type Condition =
  | { readonly kind: "part"; readonly part: Part; readonly node: Node }
  | { readonly kind: "not"; readonly condition: Condition }
  | { readonly kind: "any"; readonly conditions: readonly Condition[] }
  | { readonly kind: "every"; readonly conditions: readonly Condition[] };

export interface CompiledFilter {
  readonly condition: Condition;
  /** Whether any clause needs the body, so that a body in R2 must be read. */
  readonly readsBody: boolean;
}
