// Limits the work of one run of an expression. A Worker's clock stands still while it computes, so steps and bytes are counted
// instead of time and memory, each before the work is done. Bytes are never released: a run holds at most what it has created.
import { MAX_TRANSFORM_BYTES_MADE, MAX_TRANSFORM_DEPTH, MAX_TRANSFORM_STEPS } from "../../config/limits.ts";
import { ExpressionError } from "./expression-error.ts";

/** The approximate size of values in memory, in V8 without pointer compression. Bytes. */
export const SLOT_BYTES = 16;
export const OBJECT_BYTES = 64;
const FIELD_BYTES = 48;
const ARRAY_BYTES = 192;

export class Budget {
  #steps = MAX_TRANSFORM_STEPS;
  #bytes = MAX_TRANSFORM_BYTES_MADE;
  #depth = 0;

  /** One step is roughly the evaluation of one small node: a fifth of a microsecond. */
  spend(steps: number): void {
    // A match that an expression's own function returns may begin before the last one: a negative number refunds nothing.
    this.#steps -= 1 + Math.max(0, steps);
    if (!(this.#steps >= 0)) throw new ExpressionError(`it takes more than ${MAX_TRANSFORM_STEPS} steps`);
  }

  /** Creating bytes takes time too: one step for each 256. */
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

  /** A field of an object. If its name is a small number, V8 allocates room for all smaller numbers. */
  makeField(name: string): void {
    this.make(FIELD_BYTES + (/^\d{1,4}$/.test(name) ? 12 * Number(name) : 0));
    this.spend(name.length >> 6);
  }

  /** @param length in UTF-16 units */
  makeText(length: number): void {
    this.make(32 + 2 * length);
  }

  /** A search for one text in another: in the worst case every unit of one is compared with every unit of the other. */
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
