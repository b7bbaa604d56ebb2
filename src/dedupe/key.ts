// Reads the key of a request by the source's rule. Pure except for the digest.
import { MAX_DEDUPE_BODY_BYTES } from "../config/limits.ts";
import { toBase64Url, utf8, type Bytes } from "../kernel/bytes.ts";
import { SECOND_MS } from "../kernel/durations.ts";
import { decodeContent } from "../kernel/content-encoding.ts";
import { jsonText } from "../kernel/json-body.ts";
import { jsonPathSteps, valueAt } from "../kernel/json-path.ts";
import type { DedupeKey, DedupeSpec } from "../model/dedupe.ts";
import { headerValue, type HeaderList } from "../model/event.ts";

export interface Keyed {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: HeaderList;
  /** Null when the body was too large to be kept in memory. */
  readonly body: Bytes | null;
  /** SHA-256 of the body. Only `body_hash` needs it. */
  readonly bodyDigest: () => Uint8Array;
}

/** Null when the request has no key: then it has no duplicates. */
export async function readDedupeKey(spec: DedupeSpec, request: Keyed): Promise<DedupeKey | null> {
  const text = keyText(spec.key, request);
  if (text === null) return null;
  const digest = await crypto.subtle.digest("SHA-256", utf8(`${spec.key}\n${text}`));
  return { key: toBase64Url(new Uint8Array(digest)), window_ms: spec.window_seconds * SECOND_MS };
}

function keyText(rule: string, request: Keyed): string | null {
  if (rule === "body_hash") {
    // An empty body to another path is another request. None of the three can contain a line end.
    const { method, path, query } = request;
    return [method, path, query, toBase64Url(request.bodyDigest())].join("\n");
  }
  const [kind = "", ...rest] = rule.split(":");
  const name = rest.join(":");
  if (kind === "header") return headerValue(request.headers, name)?.trim() || null;
  if (request.body === null || request.body.byteLength > MAX_DEDUPE_BODY_BYTES) return null;
  const encoding = headerValue(request.headers, "content-encoding");
  const decoded = decodeContent(request.body, encoding, MAX_DEDUPE_BODY_BYTES);
  return decoded.ok ? scalarAt(decoded.value, jsonPathSteps(name)) : null;
}

/** The string, number or boolean at the path of a JSON body, prefixed by its type; null for anything else. */
function scalarAt(body: Uint8Array, steps: readonly string[]): string | null {
  const text = jsonText(body);
  if (text === null) return null;
  try {
    const value = valueAt(JSON.parse(text), steps);
    if (typeof value === "string") return value === "" ? null : `s${value}`;
    if (typeof value === "boolean") return `b${value}`;
    if (typeof value !== "number") return null;
    // Different ids beyond 2^53 would be parsed as the same number.
    return Number.isSafeInteger(value) ? `n${value}` : `n${String(valueAt(parseWithDigits(text), steps))}`;
  } catch {
    return null;
  }
}

/** Numbers as they are written. The reviver's third argument: ECMA-262, JSON.parse source text access. */
const parseWithDigits = (text: string): unknown =>
  JSON.parse(text, (_name, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" ? (context?.source ?? String(value)) : value,
  ) as unknown;
