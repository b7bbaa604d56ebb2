// Cuts one member out of a JSON object's text exactly as it is written: parsing and serializing it would change `1.0`, large integers
// and escapes.

/**
 * The text of a top-level member's value, without surrounding white space; null when there is no such member. Of several members with the
 * name it is the last, as with `JSON.parse`.
 * @param json a text that `JSON.parse` takes and that is an object
 */
export function rawMember(json: string, name: string): string | null {
  let found: string | null = null;
  let at = skipSpace(json, json.indexOf("{") + 1);
  while (json[at] === '"') {
    const keyEnd = endOfString(json, at);
    const start = skipSpace(json, skipSpace(json, keyEnd) + 1);
    const end = endOfValue(json, start);
    if (JSON.parse(json.slice(at, keyEnd)) === name) found = json.slice(start, end).trimEnd();
    // Skips the comma. The loop ends at the closing brace.
    at = skipSpace(json, end + 1);
  }
  return found;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (at < json.length && " \t\n\r".includes(json[at] ?? "")) at++;
  return at;
}

/** @param from index of the opening quote @returns the index after the closing one */
function endOfString(json: string, from: number): number {
  let at = from + 1;
  while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at + 1;
}

/** The index of the comma or brace that ends the value at `from`. */
function endOfValue(json: string, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length; at++) {
    const char = json[at];
    if (char === '"') at = endOfString(json, at) - 1;
    else if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") {
      if (depth === 0) return at;
      depth--;
    } else if (char === "," && depth === 0) return at;
  }
  return json.length;
}
