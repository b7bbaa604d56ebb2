// Text from outside. JSX escapes it; invisible characters and those that change the direction of text are shown as code points.

// Controls except tab and line feed, soft hyphen, bidi marks, zero widths, line separators, interlinear and tag characters, lone surrogates.
const UNSEEN =
  // eslint-disable-next-line no-control-regex
  /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udfff]/gu;

const codePoint = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Splits the text into visible pieces and code points of invisible characters. */
export function pieces(text: string): readonly { readonly text: string; readonly unseen: boolean }[] {
  if (text !== "" && text.search(UNSEEN) === -1) return [{ text, unseen: false }];
  const out: { text: string; unseen: boolean }[] = [];
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    if (match.index > from) out.push({ text: text.slice(from, match.index), unseen: false });
    out.push({ text: codePoint(match[0]), unseen: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) out.push({ text: text.slice(from), unseen: false });
  return out;
}

/** The same as text, for titles and labels. */
export const inertText = (text: string): string =>
  pieces(text)
    .map((piece) => piece.text)
    .join("");

/** @param max number of characters shown; the rest is only counted @param ltr left to right, whatever the text begins with: code */
export const Inert = ({ text, max = 2_000, ltr = false }: { text: string; max?: number; ltr?: boolean }) => (
  <bdi dir={ltr ? "ltr" : undefined}>
    {pieces(text.slice(0, max)).map((piece) =>
      piece.unseen ? (
        <span class="unseen" title="Invisible character">
          {piece.text}
        </span>
      ) : (
        piece.text
      ),
    )}
    {text.length > max && <span class="muted"> … {text.length - max} more characters</span>}
  </bdi>
);
