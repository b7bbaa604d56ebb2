// Texts with `{{ path.of.a.field }}`, for the path, headers and query that a transform sets.
import { MAX_RENDERED_LENGTH } from "../config/limits.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { parseReference, resolve, type Reference } from "./reference.ts";

const TEMPLATE_ROOTS = ["body", "headers", "query", "path", "method", "event", "source"] as const;
export type TemplateRoot = (typeof TEMPLATE_ROOTS)[number];

type Piece = string | { readonly text: string; readonly reference: Reference };
export interface Template {
  readonly pieces: readonly Piece[];
  readonly readsBody: boolean;
}

/** Fails with a message for the user. */
export function parseTemplate(text: string): Result<Template, string> {
  const pieces: Piece[] = [];
  let readsBody = false;
  for (const part of text.split(/(\{\{[^{}]*\}\})/)) {
    const inner = /^\{\{([^{}]*)\}\}$/.exec(part)?.[1]?.trim();
    if (inner === undefined) {
      if (part.includes("{{") || part.includes("}}")) return err("has an unmatched {{ or }}");
      if (part !== "") pieces.push(part);
      continue;
    }
    const reference = parseReference(inner);
    if (!reference.ok) return err(`{{${inner}}} ${reference.error}`);
    const root = reference.value[0];
    if (!TEMPLATE_ROOTS.some((name) => name === root))
      return err(`{{${inner}}} must begin with one of ${TEMPLATE_ROOTS.join(", ")}`);
    readsBody ||= root === "body";
    pieces.push({ text: inner, reference: reference.value });
  }
  return ok({ pieces, readsBody });
}

/**
 * Fails with a message when a field is missing or is not a single value.
 * @param encode applied to each value, so that it cannot leave its place; not to `{{path}}`, which is encoded already
 */
export function render(
  template: Template,
  values: Readonly<Record<TemplateRoot, unknown>>,
  encode: (value: string) => string = (value) => value,
): Result<string, string> {
  let out = "";
  for (const piece of template.pieces) {
    if (typeof piece === "string") {
      out += piece;
      continue;
    }
    const value = resolve(values, piece.reference, []);
    if (value === undefined || value === null || typeof value === "object")
      return err(`{{${piece.text}}} ${value === undefined || value === null ? "is missing" : "is not a single value"}`);
    // eslint-disable-next-line typescript/no-base-to-string -- objects have been refused above
    const text = String(value);
    if (out.length + text.length > MAX_RENDERED_LENGTH) return err(`{{${piece.text}}} makes the result too long`);
    out += piece.text === "path" ? text : encode(text);
  }
  return ok(out);
}
