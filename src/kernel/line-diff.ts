// The difference of two texts, line by line: the longest common subsequence. Its time and memory grow with the product of the lengths, so callers bound
// them.

export interface DiffLine {
  readonly op: "same" | "removed" | "added";
  readonly text: string;
}

/** What differs, with `context` equal lines before and after. Empty for equal texts. */
export function diffLines(before: readonly string[], after: readonly string[], context = 2): DiffLine[] {
  const all = align(before, after);
  const near = all.map((_, index) =>
    all.slice(Math.max(0, index - context), index + context + 1).some(({ op }) => op !== "same"),
  );
  return all.filter((_, index) => near[index]);
}

function align(before: readonly string[], after: readonly string[]): DiffLine[] {
  const width = after.length + 1;
  /** At `i * width + j`: how many lines the two texts have in common, in order, from line `i` of the first and line `j` of the second on. */
  const common = new Uint16Array((before.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      common[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ op: "same", text: before[i] ?? "" });
      i += 1;
      j += 1;
    } else if (i < before.length && (j === after.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ op: "removed", text: before[i] ?? "" });
      i += 1;
    } else {
      lines.push({ op: "added", text: after[j] ?? "" });
      j += 1;
    }
  }
  return lines;
}
