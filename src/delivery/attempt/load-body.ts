// Reads an event's body for filters and transforms.
import { MAX_READ_BODY_BYTES } from "../../config/limits.ts";
import type { SluiceEvent } from "../../model/event.ts";
import type { BodySource } from "../../routing/index.ts";

export interface BodyPorts {
  /** The bytes of an object in R2; null when it no longer exists. May throw. */
  readonly readBody: (key: string) => Promise<Uint8Array | null>;
}

/** Throws when R2 cannot be read. */
export async function loadBody(
  { body, body_bytes }: Pick<SluiceEvent, "body" | "body_bytes">,
  ports: BodyPorts,
): Promise<BodySource> {
  if (body.kind === "inline") return body.bytes;
  return body_bytes > MAX_READ_BODY_BYTES ? "too_large" : ((await ports.readBody(body.key)) ?? "missing");
}
