// The error that a caller sees: a code, and the fields that are wrong. The log is written elsewhere.
import { PROBLEMS, type ProblemCode } from "./problem-codes.ts";

export interface FieldError {
  /** JSON pointer into the body (RFC 6901), or `/query/{name}`. */
  readonly pointer: string;
  readonly detail: string;
}

/** Thrown for errors that the caller can fix; the API's error handler turns it into the response. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors: readonly FieldError[];

  constructor(code: ProblemCode, detail: string = PROBLEMS[code][1], errors: readonly FieldError[] = []) {
    super(code);
    this.code = code;
    this.detail = detail;
    this.errors = errors;
  }
}

export const invalid = (pointer: string, detail: string): Problem =>
  new Problem("invalid", `${pointer} ${detail}`, [{ pointer, detail }]);

/** For checks that answer with a list of faults. */
export function refuseFaults(faults: readonly FieldError[]): never {
  throw new Problem("invalid", faults.map(({ pointer, detail }) => `${pointer} ${detail}`).join("; "), faults);
}

const escapePointer = (part: PropertyKey): string => String(part).replaceAll("~", "~0").replaceAll("/", "~1");
/** JSON pointer (RFC 6901). */
export const pointerTo = (...path: readonly PropertyKey[]): string =>
  path.map((part) => `/${escapePointer(part)}`).join("");
