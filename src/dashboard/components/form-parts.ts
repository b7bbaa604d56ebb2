// The fields of a form in a request's body: URL-encoded, or multipart (RFC 7578) with its files. Pure.
import { decodeUtf8 } from "../../kernel/bytes.ts";
import { multipartBoundary } from "../../kernel/multipart.ts";

export interface FormPart {
  readonly name: string;
  readonly filename: string | null;
  readonly type: string | null;
  readonly bytes: number;
  /** Null for what is not text. */
  readonly value: string | null;
}

const MAX_PARTS = 200;

/** Null for a body that is no form. @param complete whether the bytes are all of it: else the last field, which is cut, is left out */
export function formParts(
  contentType: string | null,
  bytes: Uint8Array,
  complete: boolean,
): readonly FormPart[] | null {
  const boundary = multipartBoundary(contentType);
  if (boundary !== null) return multipartParts(boundary, bytes).slice(0, MAX_PARTS);
  if (!/^\s*application\/x-www-form-urlencoded\b/i.test(contentType ?? "")) return null;
  const text = decodeUtf8(bytes);
  if (text === null) return null;
  const whole = complete ? text : text.slice(0, Math.max(0, text.lastIndexOf("&")));
  return [...new URLSearchParams(`&${whole}`)].slice(0, MAX_PARTS).map(([name, value]) => ({
    name,
    filename: null,
    type: null,
    bytes: new TextEncoder().encode(value).byteLength,
    value,
  }));
}

function multipartParts(boundary: string, bytes: Uint8Array): FormPart[] {
  // One character per byte: bodies of files may be anything.
  let text = "\r\n";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .flatMap((part) => {
      const end = part.indexOf("\r\n\r\n");
      if (end < 0) return [];
      const head = utf8(part.slice(0, end));
      const body = part.slice(end + 4);
      const disposition = /content-disposition:([^\r\n]*)/i.exec(head ?? "")?.[1] ?? "";
      const filename = parameter(disposition, "filename");
      const value = utf8(body);
      return [
        {
          name: parameter(disposition, "name") ?? "",
          filename,
          type: /content-type:\s*([^\r\n]*)/i.exec(head ?? "")?.[1] ?? null,
          bytes: body.length,
          value: value?.includes("\0") === true ? null : value,
        },
      ];
    });
}

const parameter = (text: string, name: string): string | null => {
  const found = new RegExp(`;\\s*${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]+))`, "i").exec(text);
  return found === null ? null : (found[2] ?? (found[1] ?? "").replaceAll(/\\(.)/g, "$1").replaceAll("%22", '"'));
};

const utf8 = (binary: string): string | null => decodeUtf8(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
