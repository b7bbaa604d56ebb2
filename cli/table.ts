// Tables: aligned columns. On a terminal they fit its width: long cells are cut, then the least important columns are left out, and times are
// ages. Elsewhere nothing is cut. Pure.
import { printable, type Colour, type Paint } from "./output.ts";

export interface Column {
  readonly heading: string;
  /** It may be cut to this width. Without it, it is shown whole. */
  readonly least?: number;
  /** It may be left out, the highest number first. */
  readonly drop?: number;
}

interface Cell {
  readonly text: string;
  readonly colour?: Colour | null;
}
/** `at`: an instant of the API. */
export type Row = readonly (string | number | null | undefined | Cell | { readonly at: string | null | undefined })[];

export interface Look {
  readonly paint: Paint;
  /** Of the terminal; null if there is none. */
  readonly width: number | null;
  /** Where ages count from; null shows the time of the day (UTC). */
  readonly now: number | null;
}

const GAP = 2;
const MORE = "…";

/** Scripts and signs that take two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const SIGNS = new Intl.Segmenter();
const signsOf = (text: string): string[] => Array.from(SIGNS.segment(text), ({ segment }) => segment);
/** The columns that a text takes. */
export const sizeOf = (text: string): number => signsOf(text).reduce((sum, sign) => sum + (WIDE.test(sign) ? 2 : 1), 0);

/** Cut to so many columns of the terminal. */
export function cut(text: string, room: number): string {
  if (sizeOf(text) <= room) return text;
  let out = "";
  for (const sign of signsOf(text)) {
    if (sizeOf(out) + sizeOf(sign) + 1 > room) break;
    out += sign;
  }
  return out + MORE;
}

const STEPS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
  [1_000, "s"],
] as const;

/** `5s`, `3m`, `2h`, `4d`; in the future with `in`. */
export function age(at: number, now: number): string {
  const [size, unit] = STEPS.find(([step]) => Math.abs(now - at) >= step) ?? [1_000, "s"];
  return `${at > now ? "in " : ""}${Math.floor(Math.abs(now - at) / size)}${unit}`;
}

function toCell(value: Row[number], { width, now }: Look): Cell {
  if (typeof value === "object" && value !== null && "at" in value) {
    const { at } = value;
    if (at == null) return { text: "-" };
    if (width === null) return { text: printable(at) };
    return { text: now === null ? printable(at).replace(/^.*T(.{8}).*/, "$1Z") : age(Date.parse(at), now) };
  }
  const cell = typeof value === "object" && value !== null ? value : { text: value == null ? "-" : String(value) };
  return { ...cell, text: printable(cell.text) };
}

/** The width of each column; 0 for one that is left out. @param wanted the width of the longest cell of each */
function fit(columns: readonly Column[], wanted: readonly number[], width: number): readonly number[] {
  const least = wanted.map((size, at) => Math.min(size, Math.max(columns[at]?.least ?? size, headingOf(columns, at))));
  const order = columns
    .map(({ drop = 0 }, at) => ({ drop, at }))
    .filter(({ drop }) => drop > 0)
    .sort((a, b) => a.drop - b.drop);
  const out = new Set(order.map(({ at }) => at));
  const total = (sizes: readonly number[]): number =>
    sizes.reduce((sum, size, at) => (out.has(at) ? sum : sum + size + GAP), -GAP);
  // Where a wide one does not fit, narrower ones that matter less still may.
  for (const { at } of order) {
    out.delete(at);
    if (total(least) > width) out.add(at);
  }
  const capped = (cap: number): number[] => wanted.map((size, at) => Math.max(least[at] ?? 0, Math.min(size, cap)));
  let cap = Math.max(0, ...wanted);
  while (cap > 0 && total(capped(cap)) > width) cap--;
  return capped(cap).map((size, at) => (out.has(at) ? 0 : size));
}

const headingOf = (columns: readonly Column[], at: number): number => columns[at]?.heading.length ?? 0;

/** Aligned columns with headings. A `…` after the headings says that columns are left out. */
export function table(columns: readonly Column[], rows: readonly Row[], look: Look): string {
  const cells = rows.map((row) => row.map((value) => toCell(value, look)));
  const wanted = columns.map(({ heading }, at) =>
    Math.max(heading.length, ...cells.map((row) => sizeOf(row[at]?.text ?? ""))),
  );
  const fitted = look.width === null ? wanted : fit(columns, wanted, look.width);
  // The mark takes two signs.
  const sizes = look.width === null || !fitted.includes(0) ? fitted : fit(columns, wanted, look.width - GAP);
  const shown = columns.flatMap((_column, at) => ((sizes[at] ?? 0) > 0 ? [at] : []));
  const line = (row: readonly Cell[]): string =>
    shown
      .map((at) => {
        const size = sizes[at] ?? 0;
        const text = cut(row[at]?.text ?? "", size);
        const padding = at === shown.at(-1) ? "" : " ".repeat(size - sizeOf(text));
        return look.paint(text, row[at]?.colour ?? null) + padding;
      })
      .join(" ".repeat(GAP))
      .trimEnd();
  const headings = line(columns.map(({ heading }) => ({ text: heading, colour: "dim" })));
  return [headings + (shown.length < columns.length ? ` ${MORE}` : ""), ...cells.map(line)].join("\n");
}
