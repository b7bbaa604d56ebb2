// Why an expression cannot be saved or fails, as a message for the person who wrote it.

export class ExpressionError extends Error {
  /** The position in the text, in characters; null if unknown. */
  readonly position: number | null;

  constructor(message: string, position: number | null = null) {
    super(message);
    this.position = position;
  }
}

const MAX_REASON = 200;

/** One line for anything that was thrown. JSONata itself throws plain objects with a code, a message and a position. */
export function describe(error: unknown): string {
  if (error instanceof RangeError) return "it nests or grows too far";
  // A bug: its message does not help the person who wrote the expression.
  if (error instanceof Error && !(error instanceof ExpressionError)) return "it cannot be evaluated";
  const { message, position, code } =
    typeof error === "object" && error !== null
      ? (error as { message?: unknown; position?: unknown; code?: unknown })
      : {};
  const where = typeof position === "number" ? ` (at character ${position})` : "";
  const reason = typeof message === "string" ? message : `it failed${typeof code === "string" ? ` (${code})` : ""}`;
  return reason.slice(0, MAX_REASON) + where;
}
