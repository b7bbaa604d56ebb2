// What one run of an expression may take. A Worker's clock stands still while it computes, so steps and bytes are counted
// instead of time and memory, each before the work is done. Bytes are never given back: what a run holds at a time is less than it made.
import { MAX_TRANSFORM_BYTES_MADE, MAX_TRANSFORM_DEPTH, MAX_TRANSFORM_STEPS } from "../../config/limits.ts";
import { ExpressionError } from "./expression-error.ts";

/** What values take in memory, about: V8 without pointer compression. Bytes. */
export const SLOT_BYTES = 16;
export const OBJECT_BYTES = 64;
const FIELD_BYTES = 48;
const ARRAY_BYTES = 192;

export class Budget {
  #steps = MAX_TRANSFORM_STEPS;
  #bytes = MAX_TRANSFORM_BYTES_MADE;
  #depth = 0;

  /** A step is about what it takes to evaluate one small node: a fifth of a microsecond. */
  spend(steps: number): void {
    // An expression's own matches may lie before one another: what is negative gives nothing back.
    this.#steps -= 1 + Math.max(0, steps);
    if (!(this.#steps >= 0)) throw new ExpressionError(`it takes more than ${MAX_TRANSFORM_STEPS} steps`);
  }

  /** Making bytes takes time too: a step for each 256. */
  make(bytes: number): void {
    this.#bytes -= Math.max(0, bytes);
    if (!(this.#bytes >= 0))
      throw new ExpressionError(`it makes more than ${MAX_TRANSFORM_BYTES_MADE} bytes of values`);
    this.spend(bytes >> 8);
  }

  /** An array, or a copy of one. */
  makeArray(length: number): void {
    this.make(ARRAY_BYTES + SLOT_BYTES * length);
  }

  /** A field of an object. For one whose name is a small number V8 makes room for all numbers below. */
  makeField(name: string): void {
    this.make(FIELD_BYTES + (/^\d{1,4}$/.test(name) ? 12 * Number(name) : 0));
    this.spend(name.length >> 6);
  }

  /** A text of so many UTF-16 units. */
  makeText(length: number): void {
    this.make(32 + 2 * length);
  }

  /** Looking for one text in another: at worst every unit of the one is compared with every unit of the other. */
  spendSearch(textLength: number, wantedLength: number): void {
    this.spend((textLength >> 6) + (textLength * Math.min(textLength, wantedLength)) / 512);
  }

  enter(): void {
    this.spend(0);
    this.#depth += 1;
    if (this.#depth > MAX_TRANSFORM_DEPTH)
      throw new ExpressionError(`it nests deeper than ${MAX_TRANSFORM_DEPTH} levels`);
  }

  leave(): void {
    this.#depth -= 1;
  }
}
