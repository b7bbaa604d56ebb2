// Crockford's base 32 in lower case: it sorts like the bytes it encodes, and no two of its letters look alike.
// https://www.crockford.com/base32.html

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Five bits a digit, most significant first; the last digit is filled up with zero bits. */
export function toBase32(bytes: Uint8Array): string {
  let out = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += ALPHABET[(buffer >> bits) & 31];
    }
  }
  return bits > 0 ? out + ALPHABET[(buffer << (5 - bits)) & 31] : out;
}

/** Ten digits that sort by time: milliseconds since the epoch, enough for 35,000 years. */
export function timeToBase32(ms: number): string {
  let out = "";
  let rest = Math.floor(ms);
  for (let i = 0; i < 10; i++) {
    out = ALPHABET[rest % 32] + out;
    rest = Math.floor(rest / 32);
  }
  return out;
}

/** The milliseconds behind the first ten digits, or null when they are not digits of this alphabet. */
export function base32ToTime(text: string): number | null {
  let ms = 0;
  for (const digit of text.slice(0, 10)) {
    const value = ALPHABET.indexOf(digit);
    if (value < 0) return null;
    ms = ms * 32 + value;
  }
  return text.length >= 10 ? ms : null;
}
