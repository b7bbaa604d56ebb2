// An event as a command that sends the same request to its source again.
import type { HeaderList } from "../../model/event.ts";
import { shellQuote } from "./empty.tsx";
import type { Head } from "./payload.tsx";
import { textOf } from "./payload.tsx";

/** What curl or the way to the source adds itself. */
const LEFT_OUT =
  /^(host|content-length|connection|accept-encoding|cdn-loop|transfer-encoding|cf-.*|x-forwarded-.*|x-real-ip)$/i;
const MAX_INLINE = 8_192;

/** @param file the name under which the body's download is kept, for bodies that no command line holds */
export function curlOf(
  request: { readonly method: string; readonly url: string; readonly headers: HeaderList },
  head: Head,
  file: string,
): string {
  const lines = [`curl -X ${shellQuote(request.method)} ${shellQuote(request.url)}`];
  for (const [name, value] of request.headers) {
    if (!LEFT_OUT.test(name)) lines.push(`-H ${shellQuote(value === "" ? `${name};` : `${name}: ${value}`)}`);
  }
  const text = head.complete && head.bytes.byteLength <= MAX_INLINE ? textOf(head) : null;
  // A leading @ would name a file; --data-raw takes it as it is.
  if (text !== null && text !== "") lines.push(`--data-raw ${shellQuote(text)}`);
  else if (head.bytes.byteLength > 0) lines.push(`--data-binary @${file}`);
  return lines.join(" \\\n  ");
}
