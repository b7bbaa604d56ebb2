// Reads JSON bodies that others sent. Every such body is read here, because some senders (Microsoft among them) start with a byte order mark.
import { decodeUtf8 } from "./bytes.ts";

/** The text without a byte order mark, which RFC 8259, section 8.1 lets parsers ignore. Null when the bytes are not UTF-8. */
export const jsonText = (bytes: Uint8Array): string | null => decodeUtf8(bytes)?.replace(/^\uFEFF/, "") ?? null;

/** The value. Undefined when the bytes are not JSON in UTF-8. */
export function readJson(bytes: Uint8Array): unknown {
  const text = jsonText(bytes);
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
