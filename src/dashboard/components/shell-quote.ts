// Text as one argument of a shell command, for people to copy and paste.

/** Control characters could end the paste, and invisible ones could hide what is pasted. A line feed between quotes is harmless. */
// oxlint-disable-next-line no-control-regex -- these are the characters to escape
const UNSAFE = /[\0-\x09\x0b-\x1f\x7f-\x9f\p{Cf}\u2028\u2029]/u;

/** For bash and zsh. Only text with unsafe characters uses `$'…'`, which other shells may not know. */
export function shellQuote(text: string): string {
  if (UNSAFE.test(text)) return `$'${text.replaceAll(/./gsu, escaped)}'`;
  return /^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:=@%+,-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = (digits: number): string => code.toString(16).padStart(digits, "0");
  // Between these quotes a backslash escapes, and some shells expand `!`.
  if (code < 0x20 || code === 0x7f || "'\\!".includes(character)) return `\\x${hex(2)}`;
  if (!UNSAFE.test(character)) return character;
  return code > 0xffff ? `\\U${hex(8)}` : `\\u${hex(4)}`;
}
