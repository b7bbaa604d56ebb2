// Bounded JSONata: checks expressions and evaluates them on bodies.
import { MAX_TRANSFORM_OUTPUT_BYTES } from "../../config/limits.ts";
import { utf8, type Bytes } from "../../kernel/bytes.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { Budget } from "./budget.ts";
import { evaluate, type Surroundings } from "./evaluate.ts";
import { describe } from "./expression-error.ts";
import { parse } from "./parse.ts";
import { resultText } from "./texts-of-values.ts";

export type { Surroundings } from "./evaluate.ts";

/** An expression that has been checked. */
export interface Expression {
  /** Its result for a body, as JSON. Fails with a message for the user; never throws. */
  run(input: unknown, around: Surroundings): Result<Bytes, string>;
}

/** Fails with a message for the user. */
export function compileExpression(source: string): Result<Expression, string> {
  try {
    const parsed = parse(source);
    return ok({
      run(input, around) {
        const budget = new Budget();
        try {
          const text = resultText(evaluate(parsed, input, around, budget), budget);
          if (text === undefined) return err("the expression gives nothing");
          const bytes = text.length > MAX_TRANSFORM_OUTPUT_BYTES ? null : utf8(text);
          return bytes === null || bytes.byteLength > MAX_TRANSFORM_OUTPUT_BYTES
            ? err(`the result has more than ${MAX_TRANSFORM_OUTPUT_BYTES} bytes`)
            : ok(bytes);
        } catch (error) {
          return err(describe(error));
        }
      },
    });
  } catch (error) {
    return err(describe(error));
  }
}
