// "Did you mean": the known word that is closest to an unknown one.

/** Letters inserted, removed, replaced or swapped with their neighbour that turn one word into the other. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    rows.push(line);
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      line.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + (same ? 0 : 1),
          swapped ? at(row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(a.length, b.length);
}

const MAX_LENGTH = 40;
const MIN_PREFIX = 3;

/** @returns `; did you mean WORD?`, or nothing if no word is close */
export function didYouMean(unknown: string, known: readonly string[]): string {
  if (unknown.length > MAX_LENGTH) return "";
  const near = known
    .map((word) => ({
      word,
      far: unknown.length >= MIN_PREFIX && word.startsWith(unknown) ? 0 : distance(unknown, word),
    }))
    .filter(({ word, far }) => far <= Math.max(1, Math.floor(Math.max(word.length, unknown.length) / 3)))
    .sort((a, b) => a.far - b.far)[0];
  return near === undefined ? "" : `; did you mean ${near.word}?`;
}
