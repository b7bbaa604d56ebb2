// Runs tasks a few at a time. Order of start is order of the list; nothing is started once `keepGoing` says no.

/**
 * Runs `task` over `items`, at most `width` at once, and answers with the items that were never started.
 * @param keepGoing asked before each start
 */
export async function runPool<T>(
  items: readonly T[],
  width: number,
  task: (item: T) => Promise<void>,
  keepGoing: () => boolean = () => true,
): Promise<T[]> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && keepGoing()) {
      const item = items[next++];
      if (item !== undefined) await task(item);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(width, items.length)) }, worker));
  return items.slice(next);
}

/** The list in pieces of at most `size`. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  const out: T[][] = [];
  for (let i = 0; i < items.length; i += size) out.push(items.slice(i, i + size));
  return out;
}

/** Those that meet the condition, and the others. */
export function partition<T>(items: readonly T[], meets: (item: T) => boolean): [T[], T[]] {
  const [yes, no]: [T[], T[]] = [[], []];
  for (const item of items) (meets(item) ? yes : no).push(item);
  return [yes, no];
}
