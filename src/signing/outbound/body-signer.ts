// A signature over a body that comes in pieces: what is stored in R2 is read once for it, in bounded memory, and again to be sent.
import type { HeaderList } from "../../model/event.ts";

export interface BodySigner {
  /** The next bytes of the body. */
  update(chunk: Uint8Array): void;
  /** The headers to send. Called once, after the last piece. */
  finish(): HeaderList | Promise<HeaderList>;
}
