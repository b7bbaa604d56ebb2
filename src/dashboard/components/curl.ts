// An event as a curl command that sends the same request to its source again.
import type { HeaderList } from "../../model/event.ts";
import { decodeText, type Head } from "./payload.tsx";
import { shellQuote } from "./shell-quote.ts";

/** Headers that curl or the platform adds. */
const LEFT_OUT =
  /^(host|content-length|connection|accept-encoding|cdn-loop|transfer-encoding|cf-.*|x-forwarded-.*|x-real-ip)$/i;
const MAX_INLINE = 8_192;

/** A first event for a source. */
export const sampleCommand = (url: string): string =>
  `curl -g ${shellQuote(url)} -H "content-type: application/json" -d '{"hello": "sluice"}'`;

/** @param file name of the downloaded body, for bodies that do not fit into a command line */
export function curlCommand(
  request: { readonly method: string; readonly url: string; readonly headers: HeaderList },
  head: Head,
  file: string,
): string {
  // Without -g, curl expands brackets and braces in the URL.
  const lines = [`curl -g -X ${shellQuote(request.method)} ${shellQuote(request.url)}`];
  for (const [name, value] of request.headers) {
    if (!LEFT_OUT.test(name)) lines.push(`-H ${shellQuote(value === "" ? `${name};` : `${name}: ${value}`)}`);
  }
  const text = head.complete && head.bytes.byteLength <= MAX_INLINE ? decodeText(head) : null;
  // Unlike --data, --data-raw does not read a file if the text begins with @.
  if (text !== null && text !== "") lines.push(`--data-raw ${shellQuote(text)}`);
  else if (head.bytes.byteLength > 0) lines.push(`--data-binary @${file}`);
  return lines.join(" \\\n  ");
}
