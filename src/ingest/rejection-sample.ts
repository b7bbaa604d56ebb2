// Builds the sample of a refused request that users can look at: bounded, and with credentials masked. Pure.
import {
  MAX_SAMPLE_HEADERS,
  MAX_SAMPLE_HEADER_VALUE_LENGTH,
  MAX_SAMPLE_TEXT_LENGTH,
  REJECTED_BODY_HEAD_BYTES,
} from "../config/limits.ts";
import { decodeUtf8Head, toBase64 } from "../kernel/bytes.ts";
import { nameIn, REDACTED } from "../model/credentials.ts";
import type { RejectionSample } from "../model/rejection.ts";
import type { Source } from "../model/source.ts";
import type { Rejection } from "./ports.ts";

/** Headers that contain credentials. Signatures are shown: each is valid for its own request only. */
const SECRET_HEADER =
  /authorization|cookie|password|passwd|secret|token|api[-_]?key|^x-auth|^x-key$|credential|session/i;
const SECRET_PARAMETER = /password|passwd|secret|token|api[-_]?key|^key$|^auth|credential|session|client_?state/i;
// A JSON field with such a name; its value may be cut off.
const SECRET_FIELD =
  /("[^"\\]{0,64}(?:password|passwd|secret|token|api[-_]?key|credential|client_?state)[^"\\]{0,64}"\s*:\s*")(?:[^"\\]|\\.)*\\?/gi;

/** The part of a verification that says where the credential is. */
interface Placement {
  readonly type: string;
  readonly in?: unknown;
  readonly name?: unknown;
  readonly header?: unknown;
}

/** Where this source's sender puts its credential. */
function configuredPlace(source: Source | null): { readonly header: string | null; readonly parameter: string | null } {
  const place: Placement = source?.verification ?? { type: "none" };
  const name = typeof place.name === "string" ? place.name : null;
  if (place.type === "api_key") {
    return place.in === "query" ? { header: null, parameter: name } : { header: name, parameter: null };
  }
  return { header: place.type === "jwt" && typeof place.header === "string" ? place.header : null, parameter: null };
}

/** Of the longest slug that a source can have. */
const MAX_SLUG_LENGTH = 64;

const clip = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length)}…`);

export function buildSample(rejection: Rejection): RejectionSample {
  const { at, cause, method, ip, source } = rejection;
  const place = configuredPlace(source);
  const isSecretHeader = (name: string): boolean =>
    SECRET_HEADER.test(name) || name.toLowerCase() === place.header?.toLowerCase();
  const isSecretParameter = (name: string): boolean => SECRET_PARAMETER.test(name) || name === place.parameter;
  const head = rejection.bodyHead.subarray(0, REJECTED_BODY_HEAD_BYTES);
  const text = decodeUtf8Head(head);
  return {
    at,
    cause,
    method: clip(method, 32),
    slug: rejection.slug == null ? null : clip(rejection.slug, MAX_SLUG_LENGTH),
    path: clip(rejection.path, MAX_SAMPLE_TEXT_LENGTH),
    query: clip(redactPairs(rejection.query, isSecretParameter), MAX_SAMPLE_TEXT_LENGTH),
    headers: rejection.headers
      .slice(0, MAX_SAMPLE_HEADERS)
      .map(([name, value]) => [
        clip(name, 128),
        isSecretHeader(name) ? REDACTED : clip(value, MAX_SAMPLE_HEADER_VALUE_LENGTH),
      ]),
    ip,
    body: text === null ? toBase64(head) : redactBody(text, isSecretParameter),
    body_encoding: text === null ? "base64" : "utf8",
  };
}

const redactBody = (text: string, isSecret: (name: string) => boolean): string =>
  /^\s*[[{<"]/.test(text)
    ? text.replaceAll(SECRET_FIELD, `$1${REDACTED}`)
    : redactPairs(text.replaceAll(SECRET_FIELD, `$1${REDACTED}`), isSecret);

/**
 * Masks the values of secret names in `a=1&token=x`, with or without a question mark. Some parsers separate pairs by semicolons too, and a
 * value may contain one, so everything up to the next `&` is masked.
 */
const redactPairs = (text: string, isSecret: (name: string) => boolean): string =>
  text
    .split("&")
    .map((pair) => {
      const pieces = pair.split(";");
      const at = pieces.findIndex((piece) => piece.includes("=") && isSecret(nameIn(piece).replace(/^\?/, "")));
      return at < 0 ? pair : [...pieces.slice(0, at), `${pieces[at]?.split("=")[0]}=${REDACTED}`].join(";");
    })
    .join("&");
