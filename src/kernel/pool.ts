// Runs tasks a few at a time, in the order of the list. Starts none once `keepGoing` returns false.

/**
 * Runs `task` over `items`, at most `width` at a time. Returns the items that were not started.
 * @param keepGoing called before each start
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

/** The list in chunks of at most `size`. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  const out: T[][] = [];
  for (let i = 0; i < items.length; i += size) out.push(items.slice(i, i + size));
  return out;
}

/** The items that meet the condition, and the others. */
export function partition<T>(items: readonly T[], meets: (item: T) => boolean): [T[], T[]] {
  const [yes, no]: [T[], T[]] = [[], []];
  for (const item of items) (meets(item) ? yes : no).push(item);
  return [yes, no];
}
