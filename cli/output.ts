// Output: colors on a terminal, its width, a progress bar. Pure except for the bar.
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

/** The status of an event or a delivery, for people: `in progress`. */
export const statusText = (status: string): string => status.replaceAll("_", " ");

/** Escapes control characters, so that data from senders cannot control the terminal. */
export const printable = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\p{Cf}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );

/** A record as lines of name and value, without the empty ones. */
export function fields(pairs: readonly (readonly [string, unknown])[]): string {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown
    .map(
      ([name, value]) =>
        `${name.padEnd(width)}  ${printable(typeof value === "string" ? value : JSON.stringify(value))}`,
    )
    .join("\n");
}

/** `1 source`, `2 sources`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** The columns of the terminal: `COLUMNS` if it is set. @returns null without a terminal, where nothing is cut */
export function widthOf(stream: Stream, env: Io["env"]): number | null {
  if (stream.isTTY !== true) return null;
  const set = Number(env["COLUMNS"]);
  return Number.isInteger(set) && set > 0 ? set : stream.columns || null;
}

/** The lines of a text of words. @param room the longest line, in characters */
export function wrapped(text: string, room: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= room) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
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
