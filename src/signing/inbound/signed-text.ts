// Fills in the template of what a sender signs, without the body, which is streamed.
import type { RequestView } from "./request-view.ts";
import { templatePieces } from "../../model/signed-template.ts";

/** The body, or its sorted form fields, comes between the two. */
export interface SignedText {
  readonly before: string;
  readonly after: string;
}

/** Null when a header that the template needs is missing. */
export function signedText(
  template: string,
  request: RequestView,
  time: string | null,
  url: string,
): SignedText | null {
  const sides: [string, string] = ["", ""];
  let side: 0 | 1 = 0;
  for (const piece of templatePieces(template)) {
    if ("text" in piece) sides[side] += piece.text;
    else if (piece.name === "body" || piece.name === "sorted_form") side = 1;
    else {
      const value = valueOf(piece.name, request, time, url);
      if (value === null) return null;
      sides[side] += value;
    }
  }
  return { before: sides[0], after: sides[1] };
}

function valueOf(name: string, request: RequestView, time: string | null, url: string): string | null {
  switch (name) {
    case "timestamp":
      return time;
    case "url":
      return url;
    case "method":
      return request.method;
    case "path":
      return request.path;
    case "query":
      return request.query;
    case "host":
      return request.header("host") ?? request.host;
    default:
      return name.startsWith("header:") ? request.header(name.slice("header:".length)) : null;
  }
}

/** Twilio's rule: the name and value of each field with no separator, sorted by name; a repeated value of a name counts once. */
export function sortedForm(text: string): string {
  const fields = new Map<string, Set<string>>();
  for (const [name, value] of new URLSearchParams(text)) {
    const values = fields.get(name) ?? new Set();
    fields.set(name, values.add(value));
  }
  return [...fields]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) =>
      [...values]
        .sort()
        .map((value) => name + value)
        .join(""),
    )
    .join("");
}
