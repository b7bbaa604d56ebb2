// Shows a body: JSON in colors, the fields of a form, text, or a hex dump; cut at a limit, with a link to download all of it.
import { decodeUtf8, decodeUtf8Head } from "../../kernel/bytes.ts";
import { formParts, type FormPart } from "./form-parts.ts";
import { Inert } from "./inert.tsx";
import { jsonTree } from "./json-tree.ts";
import { JsonView } from "./json-view.tsx";
import { bytes as size } from "./number.ts";
import { Table } from "./table.tsx";

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

const shownPart = (value: string | null) =>
  value === null ? <span class="muted">not text</span> : <Inert text={value} max={1_000} />;

const FormTable = ({ parts, label }: { parts: readonly FormPart[]; label: string }) => (
  <Table
    label={label}
    head={["Field", "Value"]}
    rows={parts.map(({ name, filename, type, bytes, value }, index) => ({
      id: `${label.replaceAll(/\W/g, "-")}-${index}`,
      cells: [
        <code>
          <Inert text={name} max={200} />
        </code>,
        filename === null ? (
          <code class="field-value">{shownPart(value)}</code>
        ) : (
          <>
            <Inert text={filename} max={200} />{" "}
            <span class="muted">
              {type !== null && (
                <>
                  <Inert text={type} max={100} /> ·{" "}
                </>
              )}
              {size(bytes)}
            </span>
          </>
        ),
      ],
    }))}
  />
);

/**
 * A text in a box of its own: JSON in colors, or as it is.
 * @param label for screen readers
 */
export const Code = ({ text, label, max = SHOWN_BYTES }: { text: string; label: string; max?: number }) => {
  const tree = jsonTree(text);
  return tree === null ? (
    <pre dir="ltr" tabindex={0} role="region" aria-label={label}>
      <Inert text={text} max={max} ltr />
    </pre>
  ) : (
    <JsonView tree={tree} label={label} />
  );
};

/**
 * @param total size of the whole body
 * @param download URL of the whole body, if it has one
 * @param as names the body, for screen readers: `as received`
 */
export const Payload = ({
  head,
  total,
  contentType,
  download,
  as,
}: {
  head: Head;
  total: number;
  contentType: string | null;
  download?: string;
  as: "as received" | "as sent";
}) => {
  const text = decodeText(head);
  const tree = text === null || !head.complete ? null : jsonTree(text);
  const pretty = text === null || !head.complete || tree !== null ? null : formatJson(text);
  const parts = formParts(contentType, head.bytes, head.complete);
  const shown = text === null ? Math.min(SHOWN_HEX_BYTES, head.bytes.byteLength) : head.bytes.byteLength;
  const isRead = tree !== null || pretty !== null || (parts !== null && parts.length > 0);
  const id = `body-${as.replace(" ", "-")}`;
  return (
    <div class="payload">
      {total === 0 && <p class="muted">The body is empty.</p>}
      {total > 0 && text !== null && (
        <button class="button" type="button" hidden data-copy>
          Copy<span class="visually-hidden"> the body {as}</span>
        </button>
      )}
      {tree !== null && <JsonView tree={tree} label={`Body ${as}, formatted`} />}
      {pretty !== null && (
        <pre dir="ltr" tabindex={0} role="region" aria-label={`Body ${as}, formatted`}>
          <Inert text={pretty} max={4 * SHOWN_BYTES} ltr />
        </pre>
      )}
      {parts !== null && parts.length > 0 && <FormTable parts={parts} label={`Fields of the body ${as}`} />}
      {total > 0 && (
        <details open={!isRead} id={id}>
          <summary>{text === null ? "Bytes" : isRead ? "Unformatted" : "Text"}</summary>
          <pre dir="ltr" tabindex={0} role="region" aria-label={`Body, ${as}`}>
            {text === null ? hexDump(head.bytes.subarray(0, shown)) : <Inert text={text} max={SHOWN_BYTES} ltr />}
          </pre>
        </details>
      )}
      {shown < total && (
        <p>
          The first {size(shown)} of {size(total)}.
        </p>
      )}
      {total > 0 && download !== undefined && (
        <p>
          <a class="button" href={download} download>
            Download the body ({size(total)})
          </a>
        </p>
      )}
    </div>
  );
};
