// The part of JSONata's syntax tree that the evaluation reads.

export interface PathNode extends Common {
  readonly type: "path";
  readonly steps: readonly Step[];
  readonly keepSingletonArray?: true;
}
/** Terms are evaluated for an item, with all names that the path has bound so far. */
export interface SortStep extends Common {
  readonly type: "sort";
  readonly terms: readonly { readonly descending: boolean; readonly expression: Node }[];
}
export type Step = Node | SortStep;

/** The pairs of key and value in `{…}`. */
export type Pairs = readonly (readonly [Node, Node])[];

export type Stage =
  { readonly type: "filter"; readonly expr: Node } | { readonly type: "index"; readonly value: string };

interface Common {
  readonly position?: number;
  readonly keepArray?: true;
  /** Filters after a node that is not a path: `(…)[…]`. */
  readonly predicate?: readonly { readonly expr: Node }[];
  readonly group?: { readonly lhs: Pairs; readonly position?: number };
  // The following fields occur on steps of a path only.
  readonly stages?: readonly Stage[];
  readonly consarray?: true;
  readonly tuple?: true;
  readonly focus?: string;
  readonly index?: string;
  readonly ancestor?: { readonly label: string };
}

export interface FunctionNode extends Common {
  readonly type: "function" | "partial";
  readonly procedure: Node;
  readonly arguments: readonly Node[];
}
export interface LambdaNode extends Common {
  readonly type: "lambda";
  readonly arguments: readonly { readonly value: string }[];
  readonly body: Node;
  /** A call in tail position, which its caller makes. */
  readonly thunk?: true;
}
export interface TransformNode extends Common {
  readonly type: "transform";
  readonly pattern: Node;
  readonly update: Node;
  readonly delete?: Node;
}
export interface BinaryNode extends Common {
  readonly type: "binary";
  readonly value: string;
  readonly lhs: Node;
  readonly rhs: Node;
}
export type UnaryNode = Common & { readonly type: "unary" } & (
    | { readonly value: "-"; readonly expression: Node }
    | { readonly value: "["; readonly expressions: readonly Node[] }
    | { readonly value: "{"; readonly lhs: Pairs }
  );

export type Node =
  | PathNode
  | FunctionNode
  | LambdaNode
  | TransformNode
  | BinaryNode
  | UnaryNode
  | (Common & { readonly type: "name"; readonly value: string })
  | (Common & { readonly type: "string" | "number" | "value"; readonly value: unknown })
  | (Common & { readonly type: "wildcard" | "descendant" })
  | (Common & { readonly type: "parent"; readonly slot: { readonly label: string } })
  | (Common & { readonly type: "condition"; readonly condition: Node; readonly then: Node; readonly else?: Node })
  | (Common & { readonly type: "block"; readonly expressions: readonly Node[] })
  | (Common & { readonly type: "bind"; readonly lhs: { readonly value: string }; readonly rhs: Node })
  | (Common & { readonly type: "regex"; readonly value: RegExp })
  | (Common & { readonly type: "variable"; readonly value: string })
  | (Common & { readonly type: "apply"; readonly lhs: Node; readonly rhs: Node })
  /** The `?` of a partial application. */
  | (Common & { readonly type: "operator"; readonly value: string });
