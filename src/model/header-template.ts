// Header values with variables such as `{{event.id}}`: a fixed set, no expressions.

const TEMPLATE_VARIABLES = [
  ...(["event.id", "event.type", "event.received_at"] as const),
  ...(["source.slug", "delivery.id", "attempt", "path"] as const),
] as const;
type TemplateVariable = (typeof TEMPLATE_VARIABLES)[number];

export type Placeholder =
  { readonly kind: TemplateVariable } | { readonly kind: "header" | "query"; readonly name: string };

const PLACEHOLDER = /\{\{(.*?)\}\}/gs;

/** Null for an unknown variable. @param text between the braces */
function readPlaceholder(text: string): Placeholder | null {
  const name = text.trim();
  const named = /^(header|query)\.([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128})$/.exec(name);
  if (named !== null) return { kind: named[1] as "header" | "query", name: named[2] ?? "" };
  return (TEMPLATE_VARIABLES as readonly string[]).includes(name) ? { kind: name as TemplateVariable } : null;
}

/** What is wrong with a template, in words for the user; null when it is valid. */
export function templateFault(value: string): string | null {
  for (const [whole, inside] of value.matchAll(PLACEHOLDER)) {
    if (readPlaceholder(inside ?? "") === null)
      return `contains the unknown variable ${whole}; the variables are ${TEMPLATE_VARIABLES.join(", ")}, header.{name} and query.{name}`;
  }
  return value.replaceAll(PLACEHOLDER, "").includes("{{") ? "contains {{ without }}" : null;
}

/** Replaces the variables. Anything else stays as it is. */
export const fillTemplate = (value: string, valueOf: (placeholder: Placeholder) => string): string =>
  value.replaceAll(PLACEHOLDER, (whole, inside: string) => {
    const placeholder = readPlaceholder(inside);
    return placeholder === null ? whole : valueOf(placeholder);
  });
