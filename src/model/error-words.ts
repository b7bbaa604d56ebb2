// The codes of errors, in words, for the pages and the command line. The API has the codes. Pure.

/** Those that are more than their words. */
const WORDS: Readonly<Record<string, string>> = {
  dns: "host name not found",
  tls: "TLS handshake failed",
  connect_refused: "connection refused",
  reset: "connection reset",
  network: "network error",
  redirect: "redirected",
  loop: "request loop",
  http_status: "error response",
  blocked_address: "address not allowed",
  attempts_exhausted: "all attempts failed",
  age_exceeded: "too old for another attempt",
  not_retryable: "not to be retried",
  gone: "the receiver is gone",
  aborted_by_receiver: "stopped by the receiver",
  other: "further causes",
};

/** An error, or the cause of an issue: `status_500` is an answer of the destination. */
export function codeWords(code: string): string {
  const status = /^status_(\d+)$/.exec(code)?.[1];
  if (status !== undefined) return `HTTP ${status}`;
  return (Object.hasOwn(WORDS, code) ? WORDS[code] : undefined) ?? code.replaceAll("_", " ");
}

/** A `last_error`: a code, or two of them or a code and more about it, joined by `: `. @param status of the latest response */
export const errorText = (error: string | null, status: number | null = null): string =>
  error === null
    ? "unknown error"
    : error
        .split(": ")
        .map((part) => (part === "http_status" && status !== null ? `HTTP ${status}` : codeWords(part)))
        .join(": ");

/** What came of a delivery's latest attempt; empty if nothing has yet. @param status of the latest response */
export function outcomeText(error: string | null, status: number | null): string {
  const answer = status === null ? "" : `HTTP ${status}`;
  const words = error === null ? "" : errorText(error, status);
  return words.includes(answer) ? words : [answer, words].filter((part) => part !== "").join(" · ");
}
