// Regular expressions as functions of an expression: they return the first match in a text, which has a function for the next one.
import { ExpressionError } from "./expression-error.ts";
import { isCallable, isFields, Native, newFields, type Call, type Fields, type Run } from "./values.ts";

/** A match in the form that JSONata's functions expect. */
export interface Match extends Fields {
  readonly match: string;
  readonly start: number;
  readonly end: number;
  readonly groups: readonly unknown[];
  readonly next: unknown;
}

/** The function that a regular expression evaluates to. */
export function createMatcher(literal: RegExp): Native {
  const from = (text: string, at: number, run: Run): Match | undefined => {
    const pattern = run.patterns.get(literal);
    if (pattern === undefined) throw new ExpressionError("a regular expression cannot stand on the left of ?? or ?:");
    // A character is read about three times, in the worst case once for each instruction.
    const steps = pattern.size >> 3;
    const found = pattern.search(text, at, (characters) => run.budget.spend(characters - 1 + steps));
    if (found === null) return undefined;
    const [match = "", ...groups] = found.groups.map((group) => group ?? undefined);
    run.budget.makeArray(groups.length + 16);
    const end = found.index + match.length;
    return Object.assign(newFields(run.budget), {
      match,
      start: found.index,
      end,
      groups,
      next: new Native("next", 0, () => {
        const next = end >= text.length ? undefined : from(text, end, run);
        // The search would not advance.
        if (next?.match === "") throw new ExpressionError("a regular expression matches an empty text");
        return next;
      }),
    }) as Match;
  };
  return new Native("match", 2, ([value], { run }) => {
    // JSONata matches other scalars as text; objects never match.
    const isScalar = value === null || typeof value === "number" || typeof value === "boolean";
    const text = isScalar ? String(value) : value;
    return typeof text === "string" ? from(text, 0, run) : undefined;
  });
}

/** The matches of a regular expression, or of a function that returns such matches, in order. */
export function* matchesOf(matcher: unknown, text: string, { run, input, frame }: Call): Generator<Match> {
  let found = run.apply(matcher, [text], input, frame);
  while (found !== undefined) {
    if (!isMatch(found)) throw new ExpressionError("the function for matching does not return a match");
    yield found;
    found = run.apply(found.next, [], input, frame);
  }
}

const isMatch = (value: unknown): value is Match =>
  isFields(value) &&
  typeof value["match"] === "string" &&
  typeof value["start"] === "number" &&
  typeof value["end"] === "number" &&
  Array.isArray(value["groups"]) &&
  isCallable(value["next"]);
