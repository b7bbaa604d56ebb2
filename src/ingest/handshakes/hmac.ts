// HMAC-SHA256 for the two handshakes that answer with one.
import { utf8, type Bytes } from "../../kernel/bytes.ts";

/** @param secret as text, whose UTF-8 bytes are the key */
export async function hmacSha256(secret: string, message: Bytes): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", utf8(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, message));
}
