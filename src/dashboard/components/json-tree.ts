// JSON as a tree of its own texts: no number is rounded and no repeated key lost. Pure.

export interface JsonNode {
  /** With its quotes; null for a member of a list and for the whole. */
  readonly key: string | null;
  /** A scalar as it is written; for an object or list, its brackets. */
  readonly text: string;
  /** Null for a scalar. */
  readonly members: readonly JsonNode[] | null;
}

/** What a page can show as a tree. */
const MAX_TOKENS = 4_000;
const MAX_DEPTH = 30;

/** Null for what is no object or list, is not JSON, or is too large or too deep for a tree. */
export function jsonTree(text: string): JsonNode | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
  } catch {
    return null;
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs) ?? [];
  if (tokens.length > MAX_TOKENS) return null;
  let at = 0;
  const read = (key: string | null, depth: number): JsonNode | null => {
    const token = tokens[at++] ?? "";
    if (token !== "{" && token !== "[") return { key, text: token, members: null };
    if (depth > MAX_DEPTH) return null;
    const members: JsonNode[] = [];
    while (tokens[at] !== "}" && tokens[at] !== "]") {
      if (tokens[at] === ",") at += 1;
      const name = token === "{" ? (tokens[at] ?? "") : null;
      if (name !== null) at += 2;
      const member = read(name, depth + 1);
      if (member === null) return null;
      members.push(member);
    }
    at += 1;
    return { key, text: token === "{" ? "{}" : "[]", members };
  };
  return read(null, 0);
}
