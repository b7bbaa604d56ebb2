// Output: tables, colors on a terminal, a progress bar. Pure except for the bar.
import type { Io, Stream } from "./io.ts";

const COLOURS = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;
export type Colour = keyof typeof COLOURS;

export type Paint = (text: string, colour: Colour | null) => string;

/** https://no-color.org */
export function painter(stream: Stream, env: Io["env"]): Paint {
  const on = stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  return (text, colour) => (on && colour !== null ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text);
}

const STATUS_COLOURS: Readonly<Record<string, Colour>> = {
  delivered: "green",
  done: "green",
  dead: "red",
  failed: "red",
  retrying: "yellow",
  deferred: "yellow",
  held: "yellow",
  in_progress: "yellow",
  running: "yellow",
  cancelled: "dim",
  ignored: "dim",
};
export const colourOf = (status: string): Colour | null => STATUS_COLOURS[status] ?? null;

/** Escapes control characters, so that data from senders cannot control the terminal. */
export const printable = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\p{Cf}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );

interface Cell {
  readonly text: string;
  readonly colour?: Colour | null;
}
export type Row = readonly (string | number | null | undefined | Cell)[];

const toCell = (value: Row[number]): Cell => {
  const cell = typeof value === "object" && value !== null ? value : { text: value == null ? "-" : String(value) };
  return { ...cell, text: printable(cell.text) };
};

/** `1 source`, `2 sources`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** Aligned columns with headings. */
export function table(headings: readonly string[], rows: readonly Row[], paint: Paint): string {
  const cells = rows.map((row) => row.map(toCell));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.text.length ?? 0)),
  );
  const line = (row: readonly Cell[]): string =>
    row
      .map((cell, column) => {
        const padding = column === row.length - 1 ? "" : " ".repeat((widths[column] ?? 0) - cell.text.length);
        return paint(cell.text, cell.colour ?? null) + padding;
      })
      .join("  ")
      .trimEnd();
  return [line(headings.map((text) => ({ text, colour: "dim" }))), ...cells.map(line)].join("\n");
}

const WIDTH = 30;

/** One line of a bar: `label [#####-----] 5/10 note`. */
function bar(label: string, done: number, total: number, note = ""): string {
  const full = total === 0 ? WIDTH : Math.min(WIDTH, Math.floor((WIDTH * done) / total));
  return `${label} [${"#".repeat(full)}${"-".repeat(WIDTH - full)}] ${done}/${total}${note === "" ? "" : ` ${note}`}`;
}

/** Shows progress on a terminal only. `end` keeps the last state visible. */
export function progress(stream: Stream, quiet: boolean) {
  const shown = stream.isTTY === true && !quiet;
  return {
    step: (label: string, done: number, total: number, note?: string): void => {
      if (shown) stream.write(`\r${bar(label, done, total, note)}\u001b[K`);
    },
    end: (): void => {
      if (shown) stream.write("\n");
    },
  };
}
