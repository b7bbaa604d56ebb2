// Shows a body: formatted text, or a hex dump; cut at a limit, with a link to download all of it.
import { decodeUtf8, decodeUtf8Head } from "../../kernel/bytes.ts";
import { bytes as size } from "./number.ts";
import { Inert } from "./inert.tsx";

/** How many bytes of a body a page shows. */
const SHOWN_BYTES = 32 * 1024;
const SHOWN_HEX_BYTES = 512;

export interface Head {
  readonly bytes: Uint8Array;
  readonly complete: boolean;
}

/** Reads the beginning of a body and cancels the rest. */
export async function readHead(body: ReadableStream<Uint8Array> | null, max = SHOWN_BYTES): Promise<Head> {
  if (body === null) return { bytes: new Uint8Array(), complete: true };
  const reader = body.getReader();
  const out = new Uint8Array(max);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { bytes: out.slice(0, length), complete: true };
    const part = value.subarray(0, max - length);
    out.set(part, length);
    length += part.byteLength;
    if (part.byteLength < value.byteLength) {
      await reader.cancel();
      return { bytes: out, complete: false };
    }
  }
}

/** The head as text; null if it is not text. A character that is cut in two at the end is left out. */
export function decodeText({ bytes, complete }: Head): string | null {
  const text = complete ? decodeUtf8(bytes) : decodeUtf8Head(bytes);
  return text?.includes("\0") === true ? null : text;
}

/** JSON with one member per line; null if it is not JSON. Works on the text, so that no number is rounded and no duplicate key lost. */
function formatJson(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
  } catch {
    return null;
  }
  let depth = 0;
  let out = "";
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs) ?? [];
  const line = (): string => `\n${"  ".repeat(Math.min(depth, 40))}`;
  tokens.forEach((token, at) => {
    if (token === "{" || token === "[") {
      depth += 1;
      const next = tokens[at + 1];
      out += token + (next === "}" || next === "]" ? "" : line());
    } else if (token === "}" || token === "]") {
      depth -= 1;
      const before = tokens[at - 1];
      out += (before === "{" || before === "[" ? "" : line()) + token;
    } else if (token === ",") out += `,${line()}`;
    else out += token === ":" ? ": " : token;
  });
  return out;
}

/** 16 bytes per line: offset, hexadecimal, ASCII. */
function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.byteLength; at += 16) {
    const part = [...bytes.subarray(at, at + 16)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const ascii = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(47)}  ${ascii}`);
  }
  return lines.join("\n");
}

/** @param total size of the whole body @param download URL of the whole body */
export const Payload = ({ head, total, download }: { head: Head; total: number; download: string }) => {
  const text = decodeText(head);
  const pretty = text === null || !head.complete ? null : formatJson(text);
  const shown = text === null ? Math.min(SHOWN_HEX_BYTES, head.bytes.byteLength) : head.bytes.byteLength;
  return (
    <>
      {total === 0 && <p class="muted">The body is empty.</p>}
      {pretty !== null && (
        <details open id="body-pretty">
          <summary>Formatted</summary>
          <pre tabindex={0} role="region" aria-label="Body, formatted">
            <Inert text={pretty} max={4 * SHOWN_BYTES} />
          </pre>
        </details>
      )}
      {total > 0 && (
        <details open={pretty === null} id="body-raw">
          <summary>{text === null ? "Bytes" : "As received"}</summary>
          <pre tabindex={0} role="region" aria-label="Body, as received">
            {text === null ? hexDump(head.bytes.subarray(0, shown)) : <Inert text={text} max={SHOWN_BYTES} />}
          </pre>
        </details>
      )}
      <p>
        {shown < total && (
          <>
            The first {size(shown)} of {size(total)}.{" "}
          </>
        )}
        {total > 0 && (
          <a class="button" href={download} download>
            Download the body ({size(total)})
          </a>
        )}
      </p>
    </>
  );
};
