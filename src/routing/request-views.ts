// A request as filters and transforms see it: headers by lower-case name, query and body parsed, a compressed body decoded.
import { MAX_FORM_FIELDS, MAX_READ_BODY_BYTES, MAX_READ_BRACES } from "../config/limits.ts";
import { decodeContent, type Undecodable } from "../kernel/content-encoding.ts";
import { multipartBoundary, MultipartReader } from "../kernel/multipart.ts";
import { headerValue, type HeaderList, type SluiceEvent } from "../model/event.ts";
import { parseExact } from "./exact-json.ts";
import type { Part } from "./filter-nodes.ts";
import type { View, Views } from "./filter-match.ts";

/** A body's bytes, or why they are not available. */
export type BodySource = Uint8Array | "too_large" | "missing";

type Text = string | string[];

/** Repeated names give an array. The object has no prototype, because a field may have any name. */
function gather(pairs: Iterable<readonly [string, string]>): Record<string, Text> {
  const out = Object.create(null) as Record<string, Text>;
  for (const [name, value] of pairs) {
    const former = out[name];
    if (former === undefined) out[name] = value;
    else if (typeof former === "string") out[name] = [former, value];
    else former.push(value);
  }
  return out;
}

export const headerFields = (headers: HeaderList): Record<string, Text> =>
  gather(headers.map(([name, value]) => [name.toLowerCase(), value]));

export const queryFields = (query: string): Record<string, Text> => gather(new URLSearchParams(query));

const decoder = new TextDecoder();

/** JSON as its value, the text fields of a form as an object of texts, anything else as text; undefined when empty. */
export function bodyValue(bytes: Uint8Array, contentType: string | null): { value: unknown; textual: boolean } {
  if (bytes.byteLength === 0) return { value: undefined, textual: false };
  const text = decoder.decode(bytes);
  const type = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/x-www-form-urlencoded" && text.split("&", MAX_FORM_FIELDS + 1).length <= MAX_FORM_FIELDS)
    return { value: queryFields(text), textual: true };
  const boundary = multipartBoundary(contentType);
  const fields = boundary === null ? null : multipartFields(bytes, boundary);
  if (fields !== null) return { value: gather(fields), textual: true };
  // Some senders send JSON as text/plain; without a bracket or brace it counts as text.
  if (/[/+]json$/.test(type) || /^\s*[[{]/.test(text)) {
    try {
      return { value: parseExact(text), textual: false };
    } catch {
      // Not JSON, or nested too deep.
    }
  }
  return { value: text, textual: true };
}

/** The text fields of a multipart form; null if it is incomplete or has too many. */
function multipartFields(bytes: Uint8Array, boundary: string): [string, string][] | null {
  const fields: [string, string][] = [];
  const reader = new MultipartReader(boundary, bytes.byteLength, (name, value) => {
    if (fields.length <= MAX_FORM_FIELDS) fields.push([name, value]);
  });
  reader.update(bytes);
  return reader.finish() && fields.length <= MAX_FORM_FIELDS ? fields : null;
}

/** At least the number of objects and arrays in it: braces within strings are counted too. */
function countBraces(body: Uint8Array): number {
  let count = 0;
  for (const byte of body) if (byte === 0x7b || byte === 0x5b) count += 1;
  return count;
}

const readable = (value: unknown, textual: boolean): View => ({ value, textual, unreadable: null });
const unreadable = (why: string): View => ({ value: undefined, textual: false, unreadable: why });

export function bodyView(event: Pick<SluiceEvent, "headers">, body: BodySource): View {
  if (body === "missing") return unreadable("has expired");
  if (body === "too_large" || body.byteLength > MAX_READ_BODY_BYTES)
    return unreadable(`is larger than the ${MAX_READ_BODY_BYTES} bytes that are read`);
  const encoding = headerValue(event.headers, "content-encoding");
  const decoded = decodeContent(body, encoding, MAX_READ_BODY_BYTES);
  if (!decoded.ok) return unreadable(whyUndecodable(decoded.error, encoding ?? ""));
  if (countBraces(decoded.value) > MAX_READ_BRACES)
    return unreadable(`has more than the ${MAX_READ_BRACES} objects and arrays that are read`);
  const { value, textual } = bodyValue(decoded.value, headerValue(event.headers, "content-type"));
  return readable(value, textual);
}

function whyUndecodable(fault: Undecodable, encoding: string): string {
  const shown = JSON.stringify(encoding.slice(0, 40));
  switch (fault) {
    case "too_large":
      return `is larger than the ${MAX_READ_BODY_BYTES} bytes that are read, once its content-encoding ${shown} is decoded`;
    case "unknown":
      return `has the content-encoding ${shown}, which cannot be decoded`;
    case "broken":
      return `cannot be decoded: it does not have its content-encoding ${shown}`;
  }
}

/** Each part is parsed when it is first needed. */
export function requestViews(event: Pick<SluiceEvent, "headers" | "path" | "query">, body: BodySource): Views {
  const views = new Map<Part, View>();
  const build = (part: Part): View => {
    switch (part) {
      case "headers":
        return readable(headerFields(event.headers), true);
      case "query":
        return readable(queryFields(event.query), true);
      case "path":
        return readable(event.path === "" ? "/" : event.path, true);
      case "body":
        return bodyView(event, body);
    }
  };
  return (part) => {
    const view = views.get(part) ?? build(part);
    views.set(part, view);
    return view;
  };
}
