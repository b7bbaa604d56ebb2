// Collects a body, up to a limit, for the schemes that need all of it at once.
import { MAX_WHOLE_BODY_BYTES } from "../../config/limits.ts";
import { concatBytes, type Bytes } from "../../kernel/bytes.ts";
import type { Check, Verdict } from "../../model/request-check.ts";
import { failed } from "./check.ts";

export function withWholeBody(decide: (body: Bytes) => Promise<Verdict>): Check {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  return {
    update(chunk) {
      bytes += chunk.byteLength;
      if (bytes <= MAX_WHOLE_BODY_BYTES) parts.push(chunk);
      else parts = [];
    },
    finish: async () =>
      bytes > MAX_WHOLE_BODY_BYTES ? failed("body_too_large_to_verify") : decide(concatBytes(parts)),
  };
}
