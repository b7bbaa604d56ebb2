import { describe, expect, it } from "vitest";
import { age, table, type Column, type Row } from "../../../cli/table.ts";

const NOW = Date.UTC(2026, 0, 31, 12);
const COLUMNS: readonly Column[] = [
  { heading: "ID" },
  { heading: "AT", drop: 1 },
  { heading: "NAME", least: 6 },
  { heading: "NOTE", least: 5, drop: 2 },
];
const row = (name: string, note: string): Row => ["id-0000001", { at: "2026-01-31T11:57:00.000Z" }, name, note];
const shown = (width: number | null, rows: readonly Row[]): string[] =>
  table(COLUMNS, rows, { paint: (text) => text, width, now: NOW }).split("\n");

describe("a table", () => {
  const rows = [row("a-long-name-of-a-thing", "and a note that says more"), row("b", "-")];

  it("is whole where there is no terminal", () => {
    expect(shown(null, rows)).toEqual([
      "ID          AT                        NAME                    NOTE",
      "id-0000001  2026-01-31T11:57:00.000Z  a-long-name-of-a-thing  and a note that says more",
      "id-0000001  2026-01-31T11:57:00.000Z  b                       -",
    ]);
  });

  it("fits every width: cells are cut first, then columns are left out, and ids stay whole", () => {
    expect(shown(48, rows)).toEqual([
      "ID          AT  NAME             NOTE",
      "id-0000001  3m  a-long-name-of…  and a note tha…",
      "id-0000001  3m  b                -",
    ]);
    expect(shown(26, rows)).toEqual(["ID          AT  NAME …", "id-0000001  3m  a-long-…", "id-0000001  3m  b"]);
    expect(shown(20, rows)[1]).toBe("id-0000001  a-lon…");
    for (let width = 20; width < 90; width++)
      for (const line of shown(width, rows)) expect(line.length).toBeLessThanOrEqual(width);
  });

  it("counts signs of two columns as two", () => {
    const [, wide, plain] = shown(100, [row("注文", "x"), row("abcd", "x")]);
    expect([wide, plain]).toEqual(["id-0000001  3m  注文  x", "id-0000001  3m  abcd  x"]);
    expect(shown(24, [row("注文注文注文", "x")])[1]).toBe("id-0000001  3m  注文…");
  });

  it.each([
    [0, "0s"],
    [59_999, "59s"],
    [60_000, "1m"],
    [7_200_000, "2h"],
    [-90_000, "in 1m"],
    [3 * 86_400_000, "3d"],
  ])("says an age of %i ms as %s", (ms, words) => {
    expect(age(NOW - ms, NOW)).toBe(words);
  });
});
