// Reads the fields of a URL-encoded form as it arrives, in bounded memory: large fields are skipped.
import { Buffer } from "node:buffer";

const AMPERSAND = 0x26;

export class UrlEncodedReader {
  readonly #maxFieldBytes: number;
  readonly #onField: (name: string, value: string) => void;
  #pending = Buffer.alloc(0);
  #isSkipping = false;

  /** @param onField called with each field whose name and value have up to `maxFieldBytes` as they are encoded, in order */
  constructor(maxFieldBytes: number, onField: (name: string, value: string) => void) {
    this.#maxFieldBytes = maxFieldBytes;
    this.#onField = onField;
  }

  update(chunk: Uint8Array): void {
    const bytes = Buffer.concat([this.#pending, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(AMPERSAND); end >= 0; end = bytes.indexOf(AMPERSAND, from)) {
      this.#take(bytes.subarray(from, end));
      from = end + 1;
    }
    this.#isSkipping ||= bytes.byteLength - from > this.#maxFieldBytes;
    this.#pending = this.#isSkipping ? Buffer.alloc(0) : Buffer.from(bytes.subarray(from));
  }

  /** Always complete: such a form has no mark of its end. */
  finish(): boolean {
    this.#take(this.#pending);
    return true;
  }

  #take(field: Buffer): void {
    if (!this.#isSkipping && field.byteLength <= this.#maxFieldBytes)
      for (const [name, value] of new URLSearchParams(`&${field.toString()}`)) this.#onField(name, value);
    this.#isSkipping = false;
  }
}
