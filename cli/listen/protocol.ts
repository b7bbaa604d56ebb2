// The command's side of a listener's socket: puts requests together from what arrives, and writes answers.
import type { FromListener, ListenedRequest } from "../../src/listen/protocol.ts";

export type { FromListener, ListenedRequest };

/** A request with its whole body. */
export interface WholeRequest {
  readonly head: ListenedRequest;
  readonly body: Uint8Array;
}

/** Collects bodies that come in pieces. One for each connection. */
export class Assembly {
  readonly #open = new Map<number, { readonly head: ListenedRequest; readonly parts: Uint8Array[]; left: number }>();

  /** @returns the request that this message completes; null if none */
  add(message: string | Uint8Array): WholeRequest | null {
    if (typeof message === "string") {
      const head = JSON.parse(message) as ListenedRequest;
      if (head.type !== "request") return null;
      if (head.body_base64 !== null) return { head, body: Buffer.from(head.body_base64, "base64") };
      this.#open.set(head.id, { head, parts: [], left: head.body_bytes });
      return head.body_bytes === 0 ? this.#finish(head.id) : null;
    }
    const id = new DataView(message.buffer, message.byteOffset).getUint32(0);
    const begun = this.#open.get(id);
    if (begun === undefined) return null;
    const part = message.subarray(4);
    begun.parts.push(part);
    begun.left -= part.byteLength;
    return begun.left > 0 ? null : this.#finish(id);
  }

  #finish(id: number): WholeRequest | null {
    const begun = this.#open.get(id);
    this.#open.delete(id);
    return begun === undefined ? null : { head: begun.head, body: Buffer.concat(begun.parts) };
  }
}

export const write = (message: FromListener): string => JSON.stringify(message);
