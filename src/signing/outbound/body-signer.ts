// A signature over a body that arrives in chunks. A body in R2 is read once to be signed, in bounded memory, and again to be sent.
import type { HeaderList } from "../../model/event.ts";

export interface BodySigner {
  /** The next bytes of the body. */
  update(chunk: Uint8Array): void;
  /** The headers to send. Called once, after the last chunk. */
  finish(): HeaderList | Promise<HeaderList>;
}
