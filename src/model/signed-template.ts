// What a sender signs, as a text with placeholders: `v0:{timestamp}:{body}`. Braces have no other meaning.

/** Placeholders for parts of the request. Besides these, `header:NAME`. */
const NAMES = ["body", "sorted_form", "timestamp", "url", "method", "path", "query", "host"];
const PLACEHOLDER = /\{([^{}]*)\}/g;

export const templatePlaceholders = (template: string): string[] =>
  [...template.matchAll(PLACEHOLDER)].map((match) => (match[1] ?? "").toLowerCase());

/** What is wrong with a template, in words for the user; null when it is valid. */
export function templateFault(template: string): string | null {
  if (/[{}]/.test(template.replace(PLACEHOLDER, ""))) return "has a brace without its counterpart";
  const used = templatePlaceholders(template);
  const unknown = used.find((name) => !NAMES.includes(name) && !/^header:[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name));
  if (unknown !== undefined) return `contains the unknown placeholder {${unknown}}`;
  // Exactly once: the MAC is computed while the body streams through.
  if (used.filter((name) => name === "body" || name === "sorted_form").length !== 1)
    return "must contain {body} or {sorted_form} exactly once: what is not signed can be forged";
  return null;
}

/** Literal text or a placeholder. */
export type TemplatePiece = { readonly text: string } | { readonly name: string };

export function templatePieces(template: string): TemplatePiece[] {
  return template
    .split(/(\{[^{}]*\})/)
    .filter((piece) => piece !== "")
    .map((piece) => (piece.startsWith("{") ? { name: piece.slice(1, -1).toLowerCase() } : { text: piece }));
}
