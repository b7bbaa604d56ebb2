// Credentials that are sent as they are: basic, bearer, API key. Pure.
import { toBase64, utf8 } from "../../kernel/bytes.ts";

/** RFC 7617, section 2, in UTF-8. */
export const basicHeader = (username: string, password: string): string =>
  `Basic ${toBase64(utf8(`${username}:${password}`))}`;

/** Whether a text may be sent as a header value: printable ASCII without line breaks. */
export const fitsHeader = (text: string): boolean => /^[\x20-\x7e]+$/.test(text) && text.trim() === text;

/** The URL with `name=value` in its query, in place of any parameter with this name. The rest stays as it is written. */
export function withQuery(url: string, name: string, value: string): string {
  const end = url.includes("?") ? url.indexOf("?") : url.length;
  const parts = url
    .slice(end + 1)
    .split("&")
    .filter((part) => part !== "" && parameterName(part) !== name);
  return `${url.slice(0, end)}?${[...parts, `${encodeURIComponent(name)}=${encodeURIComponent(value)}`].join("&")}`;
}

const parameterName = (part: string): string => {
  const raw = part.split("=", 1)[0]?.replaceAll("+", " ") ?? "";
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
};
