// The size of a value as structured clone encodes it, without encoding it: queues limit messages by it, and bodies are large.
// https://chromium.googlesource.com/v8/v8/+/main/src/objects/value-serializer.cc

const HEADER_BYTES = 16;
/** What describes a part of a buffer: tags, offset, length and flags. */
const VIEW_BYTES = 24;
const NUMBER_BYTES = 9;

/**
 * An upper bound, a few per cent above the size of messages: plain objects, arrays, text, numbers and bytes. A view of a larger buffer
 * counts as the whole buffer, because that is what is encoded.
 */
export const encodedBytes = (value: unknown): number => HEADER_BYTES + sizeOf(value);

function sizeOf(value: unknown): number {
  if (typeof value === "string") return textBytes(value);
  if (typeof value === "number") return NUMBER_BYTES;
  if (typeof value !== "object" || value === null) return 1;
  if (value instanceof Uint8Array) return VIEW_BYTES + value.buffer.byteLength;
  if (Array.isArray(value))
    return value.reduce<number>((sum, item) => sum + sizeOf(item), 3 + 2 * lengthBytes(value.length));
  const entries = Object.entries(value);
  // A key that is a number is encoded as one.
  return entries.reduce(
    (sum, [key, item]) => sum + Math.max(NUMBER_BYTES, textBytes(key)) + sizeOf(item),
    2 + lengthBytes(entries.length),
  );
}

/** One byte a character, or two where one character needs them, aligned. */
function textBytes(text: string): number {
  // eslint-disable-next-line no-control-regex
  const bytes = /^[\0-\xff]*$/.test(text) ? text.length : 2 * text.length + 1;
  return 1 + lengthBytes(bytes) + bytes;
}

/** Seven bits a byte. */
const lengthBytes = (length: number): number => Math.max(1, Math.ceil(Math.log2(length + 1) / 7));
