// The codes of errors, in words. Pure.

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

/** The error of a field that takes one of some values, with these as the page writes them. @param labels of the values that the page offers */
export const choiceError = (error: string, labels: ReadonlyMap<string, string>): string =>
  error.replace(/(?<=^must be one of ).+$/, (values) =>
    values
      .split(", ")
      .map((value) => labels.get(value) ?? codeWords(value))
      .join(", "),
  );

/** A `last_error`: a code, or two of them or a code and more about it, joined by `: `. @param status of the latest response */
export const errorText = (error: string | null, status: number | null = null): string =>
  error === null
    ? "unknown error"
    : error
        .split(": ")
        .map((part) => (part === "http_status" && status !== null ? `HTTP ${status}` : codeWords(part)))
        .join(": ");
