// What a sender signs, as a text with placeholders: `v0:{timestamp}:{body}`. Braces have no other use in it.

/** Placeholders that stand for a piece of the request or for its time. `header:` is followed by a header's name. */
const NAMES = ["body", "sorted_form", "timestamp", "url", "method", "path", "query", "host"];
const PLACEHOLDER = /\{([^{}]*)\}/g;

export const templatePlaceholders = (template: string): string[] =>
  [...template.matchAll(PLACEHOLDER)].map((match) => (match[1] ?? "").toLowerCase());

/** What is wrong with it, in words for whoever wrote it; null when it can be used. */
export function templateFault(template: string): string | null {
  if (/[{}]/.test(template.replace(PLACEHOLDER, ""))) return "has a brace without its counterpart";
  const used = templatePlaceholders(template);
  const unknown = used.find((name) => !NAMES.includes(name) && !/^header:[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name));
  if (unknown !== undefined) return `contains the unknown placeholder {${unknown}}`;
  // Once: the body is signed as it streams by.
  if (used.filter((name) => name === "body" || name === "sorted_form").length !== 1)
    return "must contain {body} or {sorted_form} exactly once: what is not signed can be forged";
  return null;
}

/** The template in pieces: literal text and placeholders by turns. */
export type TemplatePiece = { readonly text: string } | { readonly name: string };

export function templatePieces(template: string): TemplatePiece[] {
  return template
    .split(/(\{[^{}]*\})/)
    .filter((piece) => piece !== "")
    .map((piece) => (piece.startsWith("{") ? { name: piece.slice(1, -1).toLowerCase() } : { text: piece }));
}
