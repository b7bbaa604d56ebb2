// The only place that reads the wall clock. Everything else gets `now` as an argument, in milliseconds since the epoch.

/** Milliseconds since the Unix epoch. In production the value moves only at I/O. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Rejects when `work` takes longer. The work itself goes on, so its later effects must do no harm. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const result = await orLate(ms, work);
  if (result === LATE) throw new Error(`took longer than ${ms} ms`);
  return result;
}

/** The result of `orLate` for work that takes longer. */
export const LATE = Symbol("late");

/** `LATE` when `work` takes longer. The work itself goes on, so its later effects must do no harm. */
export async function orLate<T>(ms: number, work: Promise<T>): Promise<T | typeof LATE> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), Math.max(0, ms));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const nothing = (): void => undefined;

/** Whether the work ends within this time, with or without success. It continues in either case. */
export const endsWithin = (ms: number, work: Promise<unknown>): Promise<boolean> =>
  within(ms, work.then(nothing, nothing)).then(
    () => true,
    () => false,
  );

/** RFC 3339 in UTC with milliseconds, the form of every instant in the API. */
export const toInstant = (ms: number): string => new Date(ms).toISOString();

export const toInstantOrNull = (ms: number | null | undefined): string | null => (ms == null ? null : toInstant(ms));
