// Texts with `{{ path.of.a.field }}` in them, for the path, the headers and the query that a transform writes.
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

/** Fails with what is wrong, in words. */
export function parseTemplate(text: string): Result<Template, string> {
  const pieces: Piece[] = [];
  let readsBody = false;
  for (const part of text.split(/(\{\{[^{}]*\}\})/)) {
    const inner = /^\{\{([^{}]*)\}\}$/.exec(part)?.[1]?.trim();
    if (inner === undefined) {
      if (part.includes("{{") || part.includes("}}")) return err("has a {{ or }} without its other half");
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
 * Fails, in words, where a field is missing or no single value.
 * @param encode put around each value, so that it stays inside its place; not around `{{path}}`, which is encoded already
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
      return err(`{{${piece.text}}} ${value === undefined || value === null ? "is missing" : "is no single value"}`);
    // eslint-disable-next-line typescript/no-base-to-string -- objects have been refused above
    const text = String(value);
    if (out.length + text.length > MAX_RENDERED_LENGTH) return err(`{{${piece.text}}} makes it too long`);
    out += piece.text === "path" ? text : encode(text);
  }
  return ok(out);
}
