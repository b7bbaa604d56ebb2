// Reads the text fields of a multipart form (RFC 7578) as it arrives, in bounded memory: files and large fields are skipped.
import { Buffer } from "node:buffer";

/** Of one part. Ordinary ones have some 100 bytes. */
const MAX_PART_HEAD_BYTES = 8 * 1024;

/** The boundary that a content type names; null if it is not that of a multipart form. */
export function multipartBoundary(contentType: string | null): string | null {
  if (contentType === null || !/^\s*multipart\/form-data\s*;/i.test(contentType)) return null;
  const match = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  return match?.[1] ?? match?.[2] ?? null;
}

type Place =
  /** Before the first boundary, or in a part that is skipped. */
  | { readonly in: "skipped" }
  /** Directly behind a boundary. */
  | { readonly in: "boundary" }
  | { readonly in: "head" }
  | { readonly in: "field"; readonly name: string }
  | { readonly in: "end" };

export class MultipartReader {
  readonly #delimiter: Buffer;
  readonly #maxFieldBytes: number;
  readonly #onField: (name: string, value: string) => void;
  // The first boundary has no line end in front of it.
  #pending = Buffer.from("\r\n");
  #place: Place = { in: "skipped" };
  #isBroken = false;

  /** @param onField called with each text field of up to `maxFieldBytes`, in order */
  constructor(boundary: string, maxFieldBytes: number, onField: (name: string, value: string) => void) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
    this.#maxFieldBytes = maxFieldBytes;
    this.#onField = onField;
  }

  update(chunk: Uint8Array): void {
    if (this.#isBroken || this.#place.in === "end") return;
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#step());
  }

  /** @returns whether the form was complete */
  finish(): boolean {
    return this.#place.in === "end" && !this.#isBroken;
  }

  /** @returns whether there may be more to read in what has arrived */
  #step(): boolean {
    switch (this.#place.in) {
      case "skipped": {
        if (this.#take(this.#delimiter) !== null) return this.#enter({ in: "boundary" });
        // All but what may be the beginning of a boundary.
        this.#pending = Buffer.from(this.#pending.subarray(1 - this.#delimiter.byteLength));
        return false;
      }
      case "field": {
        const value = this.#take(this.#delimiter);
        if (value === null)
          return (
            this.#pending.byteLength > this.#maxFieldBytes + this.#delimiter.byteLength &&
            this.#enter({ in: "skipped" })
          );
        if (value.byteLength <= this.#maxFieldBytes) this.#onField(this.#place.name, value.toString());
        return this.#enter({ in: "boundary" });
      }
      case "boundary": {
        if (this.#pending.byteLength < 2) return false;
        if (this.#pending.subarray(0, 2).toString() === "--") return this.#enter({ in: "end" });
        const line = this.#pending.indexOf("\r\n");
        if (line < 0) return this.#wait();
        if (this.#pending.subarray(0, line).toString().trim() !== "") return this.#break();
        // The line end stays: the empty line that ends the head may follow at once.
        this.#pending = this.#pending.subarray(line);
        return this.#enter({ in: "head" });
      }
      case "head": {
        const head = this.#take(Buffer.from("\r\n\r\n"));
        if (head === null) return this.#wait();
        if (head.byteLength > MAX_PART_HEAD_BYTES) return this.#break();
        const name = fieldName(head.toString());
        return this.#enter(name === null ? { in: "skipped" } : { in: "field", name });
      }
      case "end":
        return false;
    }
  }

  #enter(place: Place): true {
    this.#place = place;
    return true;
  }

  /** For the rest of a head, unless it is too long. */
  #wait(): false {
    return this.#pending.byteLength > MAX_PART_HEAD_BYTES && this.#break();
  }

  #break(): false {
    this.#isBroken = true;
    return false;
  }

  /** What comes before the mark, which is removed with it; null while the mark has not arrived. */
  #take(mark: Buffer): Buffer | null {
    const at = this.#pending.indexOf(mark);
    if (at < 0) return null;
    const before = this.#pending.subarray(0, at);
    this.#pending = this.#pending.subarray(at + mark.byteLength);
    return before;
  }
}

/** The name of a text field; null for a file and for a part without a name. @param head the part's header fields */
function fieldName(head: string): string | null {
  const disposition = /(?:^|\r\n)content-disposition\s*:\s*form-data\s*(;[^\r\n]*)/i.exec(head)?.[1];
  if (disposition === undefined) return null;
  const isFile = /;\s*filename\*?\s*=/i.test(disposition.replaceAll(QUOTED, '""'));
  const match = /;\s*name\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(disposition);
  if (isFile || match === null) return null;
  // Browsers write a quote as %22, others put a backslash in front of it.
  return match[2] ?? (match[1] ?? "").replaceAll(/\\(.)/g, "$1").replaceAll("%22", '"');
}

const QUOTED = /"(?:[^"\\]|\\.)*"/g;
