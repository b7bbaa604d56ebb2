// Runs tests on another date: `TEST_DATE=2028-01-31T23:59:50Z`. It moves `Date`, because workerd hangs at its start under faketime. Timers keep
// the machine's time.

/** Milliseconds from now to this instant (RFC 3339), at which the clock of a test file starts; 0 without one. */
export function untilInstant(start: string | undefined): number {
  if (start === undefined || start === "") return 0;
  const ahead = Date.parse(start) - Date.now();
  if (Number.isNaN(ahead)) throw new Error(`TEST_DATE is not an instant: ${start}`);
  return ahead;
}

/** Moves `Date`. Uses nothing outside itself, because its source also runs in the processes and pages that tests start. */
export function moveClock(aheadMs: number): void {
  if (aheadMs === 0) return;
  const { now } = Date;
  const moved = (): number => now() + aheadMs;
  globalThis.Date = new Proxy(Date, {
    construct: (target, given: unknown[], called) =>
      Reflect.construct(target, given.length === 0 ? [moved()] : given, called) as Date,
    get: (target, name) => (name === "now" ? moved : (Reflect.get(target, name) as unknown)),
  });
}
