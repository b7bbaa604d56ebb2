// Answers of a size that a model can read: long texts, long lists and deep objects are cut, and say so. Values of headers that hold credentials
// are hidden. Pure.

/** Characters of one answer, about 10,000 tokens. */
const MAX_ANSWER = 40_000;
/** Characters of one text, tried one after the other until the answer is short enough. */
const MAX_TEXTS = [4_000, 1_000, 200];
const MAX_ITEMS = 200;
const MAX_DEPTH = 8;

export function cutText(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}… (${text.length - max} more characters)`;
}

function cut(value: unknown, max: number, depth: number): unknown {
  if (typeof value === "string") return cutText(value, max);
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return "…";
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((item) => cut(item, max, depth - 1));
    return value.length > MAX_ITEMS ? [...items, `… (${value.length - MAX_ITEMS} more)`] : items;
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cut(item, max, depth - 1)]));
}

/** JSON of at most 40,000 characters. */
export function answerText(value: unknown): string {
  const texts = MAX_TEXTS.map((max) => JSON.stringify(cut(value, max, MAX_DEPTH)));
  return texts.find((text) => text.length <= MAX_ANSWER) ?? cutText(texts.at(-1) ?? "", MAX_ANSWER);
}

const SECRET_HEADER = /authorization|cookie|secret|token|password|signature|(?<!^idempotency-)key/i;

/** @returns the headers, each value that may be a credential hidden */
export const safeHeaders = (
  headers: readonly (readonly [string, string])[] | Readonly<Record<string, string>> | null | undefined,
): Record<string, string> => {
  const pairs = Array.isArray(headers)
    ? (headers as readonly (readonly [string, string])[])
    : Object.entries(headers ?? {});
  return Object.fromEntries(pairs.map(([name, value]) => [name, SECRET_HEADER.test(name) ? "(hidden)" : value]));
};

/** A URL without user, password and query. */
export function safeUrl(text: string): string {
  if (!URL.canParse(text)) return "(hidden)";
  const url = new URL(text);
  return `${url.protocol}//${url.host}${url.pathname}${url.search === "" ? "" : "?…"}`;
}
