// Icons: one sprite of symbols per page. Decorative only; each icon is next to a word.
import { raw } from "hono/html";

/** Paths on a grid of 16, drawn as strokes. */
const PATHS = {
  brand: "M2 3v10M14 3v10M2 6h12M5 10c1 -1 2 -1 3 0s2 1 3 0",
  gauge: "M2.5 11.5a5.5 5.5 0 1 1 11 0M8 11.5l2.5-4",
  list: "M5 4h9M5 8h9M5 12h9M2 4h.01M2 8h.01M2 12h.01",
  in: "M2 8h8M7 5l3 3-3 3M13.5 2.5v11",
  out: "M6 8h8M11 5l3 3-3 3M2.5 2.5v11",
  send: "M14 2.500L2 7l4.500 2.500L9 14zM14 2.500L6.500 9.500",
  link: "M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5l-1.500 1.500M9 11.5l-1.500 1.500a3 3 0 0 1-4.500-4.500l1.500-1.500",
  plus: "M8 3v10M3 8h10",
  settings: "M2 4.500h6M12 4.500h2M2 11.500h2M8 11.500h6M10 2.800v3.400M6 9.800v3.400",
  delivered: "M3 8.500l3.200 3.200L13 4.800",
  dead: "M4 4l8 8M12 4l-8 8",
  retrying: "M13 5.500A5.500 5.500 0 1 0 13.500 8M13.300 2.500v3.200h-3.200",
  pending: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10",
  deferred: "M4 2.500h8M4 13.500h8M5 2.500c0 3 6 4 6 11M11 2.500c0 3-6 4-6 11",
  held: "M5.500 3.500v9M10.500 3.500v9",
  scheduled: "M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11M8 5v3l2 1.500",
  cancelled: "M8 2.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 1 0 0-11M4.200 4.200l7.600 7.600",
  flag: "M4 14V2.500h8.500l-2 3 2 3H4",
  info: "M8 7.500v4M8 4.500h.01",
  warn: "M8 2.500l6 11H2zM8 6.500v3M8 11.500h.01",
} as const;

export type IconName = keyof typeof PATHS;

const symbols = Object.entries(PATHS)
  .map(([name, path]) => `<symbol id="i-${name}" viewBox="0 0 16 16"><path d="${path}"/></symbol>`)
  .join("");

export const Sprite = () => (
  <svg class="sprite" aria-hidden="true">
    {raw(symbols)}
  </svg>
);

export const Icon = ({ name }: { name: IconName }) => (
  <svg class="icon" aria-hidden="true">
    <use href={`#i-${name}`} />
  </svg>
);
