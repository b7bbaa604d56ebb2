// A signature that the destination defines: an HMAC over a template, in a header of its choice.
import { createHmac } from "node:crypto";
import { fromBase64, fromHex, utf8, type Bytes } from "../../kernel/bytes.ts";
import type { AuthOf } from "../../model/destination-auth.ts";
import type { BodySigner } from "./body-signer.ts";

export interface SignedRequest {
  readonly id: string;
  readonly method: string;
  readonly url: URL;
}

/** The key bytes of a secret. Null when it is empty or not in the given encoding. */
export function hmacSecretBytes(secret: string, encoding: AuthOf<"hmac">["secret_encoding"]): Bytes | null {
  const bytes = encoding === "utf8" ? utf8(secret) : encoding === "hex" ? fromHex(secret) : fromBase64(secret);
  return bytes !== null && bytes.byteLength > 0 ? bytes : null;
}

/** @param timestamp in seconds */
export function signCustomHmac(
  auth: AuthOf<"hmac">,
  key: Bytes,
  request: SignedRequest,
  timestamp: number,
): BodySigner {
  const values: Readonly<Record<string, string>> = {
    timestamp: String(timestamp),
    id: request.id,
    method: request.method,
    path: request.url.pathname,
    query: request.url.search.slice(1),
    url: request.url.href,
  };
  const fill = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (_all, name: string) => values[name] ?? "");
  const [before = "", after] = auth.template.split("{body}");
  const mac = createHmac(auth.algorithm, key).update(fill(before));
  return {
    update(chunk) {
      if (after !== undefined) mac.update(chunk);
    },
    finish() {
      const signature = mac.update(fill(after ?? "")).digest(auth.encoding);
      return [
        [auth.header, fill(auth.prefix) + signature],
        ...(auth.timestamp_header === null ? [] : ([[auth.timestamp_header, String(timestamp)]] as const)),
      ];
    },
  };
}
