// Seals a secret as earlier releases did: under the master key itself, bound to no place.
import { concatBytes, fromBase64, toBase64Url, toHex, utf8 } from "../src/kernel/bytes.ts";

/** @param masterKey base64 of 32 bytes */
export async function sealUnbound(masterKey: string, plain: string): Promise<{ sealed: string }> {
  const bytes = fromBase64(masterKey) ?? new Uint8Array();
  const id = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))).slice(0, 8);
  const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const cipher = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: utf8(`v1.${id}`) },
    key,
    utf8(plain),
  );
  return { sealed: `v1.${id}.${toBase64Url(concatBytes([iv, new Uint8Array(cipher)]))}` };
}
